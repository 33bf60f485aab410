/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What must be tried on the chips before anything is served. */
#include "guest/reserve_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int line_reserve(const struct guest *guest, const struct line_rules *rules, const char *consumer, int *fd)
{
	const struct guest_chip *chip = &guest->chips[rules->chip];
	struct chip_line_config config = line_rules_idle_config(rules, rules->init);

	if (rules->init != LINE_IDLE_RELEASED)
		return chip_request_line(&chip->spec, &chip->found, rules->offset, consumer, &config, fd);
	return chip_try_settings(&chip->spec, &chip->found, rules->offset, consumer, &rules->settings);
}

int reserve_lines(struct guest *guest, struct diagnostics *conflicts)
{
	size_t before = conflicts->n;
	char consumer[CHIP_NAME_MAX];

	guest->reserved = malloc(guest->n_lines * sizeof(*guest->reserved));
	if (!guest->reserved)
		return -ENOMEM;
	for (unsigned i = 0; i < guest->n_lines; i++)
		guest->reserved[i] = -1;
	guest_consumer(guest, consumer);
	for (unsigned i = 0; i < guest->n_lines; i++) {
		const struct line_rules *rules = &guest->lines[i];
		int ret = line_reserve(guest, rules, consumer, &guest->reserved[i]);

		if (ret < 0)
			diagnostics_add(
				conflicts, "%s: cannot request line %u%s%s%s (%s line %u) with these settings: %s",
				guest->name, i, rules->name[0] ? " \"" : "", rules->name, rules->name[0] ? "\"" : "",
				guest->chips[rules->chip].spec.path, rules->offset, chip_strerror(ret));
	}
	return conflicts->n > before ? -EINVAL : conflicts->out_of_memory ? -ENOMEM : 0;
}
