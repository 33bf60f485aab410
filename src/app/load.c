/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the settings describe, read and found. */
#include "app/load.h"

#include <errno.h>

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

void diagnostics_print(const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->n; i++)
		error_print("%s", diagnostics->texts[i]);
}
