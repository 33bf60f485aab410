/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The chips of a guest, found by the words of the description. */
#include "guest/guest_chip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/why.h"
#include "chip/chip_spec.h"
#include "chip/label.h"

static int spec_make(const struct config_chip *config, unsigned sim, struct chip_spec *spec, struct why *why)
{
	switch (config->kind) {
	case CONFIG_CHIP_NUMBER:
		chip_spec_number(config->number, spec);
		return 0;
	case CONFIG_CHIP_SIM:
		chip_spec_sim(sim, spec);
		return 0;
	case CONFIG_CHIP_LABEL:
		return chip_label_find(LABEL_DIRECTORY, config->word, spec, why);
	case CONFIG_CHIP_PATH:
		break;
	}
	if (chip_spec_path(config->word, spec) == 0)
		return 0;
	return why_fail(ENAMETOOLONG, why, "the path is too long");
}

static bool chip_same(const struct guest_chip *a, const struct guest_chip *b)
{
	if (a->found.fd < 0 && b->found.fd < 0)
		return true; /* the guest's one simulated chip */
	return chip_found_same(&a->found, &b->found);
}

/* Takes the chip over when it returns its index. */
static int chip_add(struct guest *guest, const struct guest_chip *chip, struct why *why)
{
	struct guest_chip *chips;

	if (guest->n_chips == GUEST_CHIPS_MAX)
		return why_fail(EMFILE, why, "%s: a guest has at most %d chips", chip->spec.path, GUEST_CHIPS_MAX);
	chips = realloc(guest->chips, (guest->n_chips + 1) * sizeof(*chips));
	if (!chips)
		return -ENOMEM;
	guest->chips = chips;
	chips[guest->n_chips] = *chip;
	return (int)guest->n_chips++;
}

int guest_chip_find(struct guest *guest, const struct config_chip *config, unsigned sim, struct why *why)
{
	struct guest_chip chip;
	struct why reason;
	int ret;

	if (spec_make(config, sim, &chip.spec, &reason) < 0)
		return why_fail(EINVAL, why, "chip \"%s\": %s", config->word, reason.text);
	if (chip_probe(&chip.spec, &chip.found, &reason) < 0)
		return why_fail(EINVAL, why, "%s: %s", chip.spec.path, reason.text);
	for (unsigned i = 0; i < guest->n_chips; i++) {
		if (chip_same(&guest->chips[i], &chip)) {
			fd_close(&chip.found.fd);
			return (int)i;
		}
	}
	ret = chip_add(guest, &chip, why);
	if (ret < 0)
		fd_close(&chip.found.fd);
	return ret;
}
