/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the settings describe, read and found. */
#include "app/load.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"

int load_configs(const struct settings *settings, struct guest_configs *configs)
{
	struct why why;

	if (settings_guests(settings, configs, &why) == 0)
		return 0;
	error_print("%s", why.text);
	return EXIT_USAGE;
}

int load_guests(const struct guest_configs *configs, const struct resolve_params *params, struct resolved *resolved)
{
	int ret = resolve(configs, params, resolved);

	if (ret == -ENOMEM)
		error_print("out of memory");
	else
		diagnostics_print(&resolved->conflicts);
	return ret < 0 ? EXIT_FAILED : 0;
}

int load_wires(const struct guest_configs *configs, const struct guests *guests, struct wire_list *wires,
	       struct diagnostics *conflicts)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	const struct guest **list = calloc(guests->n + 1, sizeof(*list));
	const struct wire_guests all = { list, list ? guests->n : 0 };
	int ret = -ENOMEM;

	*wires = (struct wire_list){ .n = 0 };
	for (size_t i = 0; i < all.n; i++)
		list[i] = &guests->guests[i];
	if (list)
		ret = wire_list_resolve(wires, configs, &all, conflicts);
	free(list);
	if (ret == -ENOMEM)
		error_print("out of memory");
	return ret < 0 ? EXIT_FAILED : 0;
}

void diagnostics_print(const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->n; i++)
		error_print("%s", diagnostics->texts[i]);
}
