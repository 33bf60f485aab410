/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The outside world of a simulated chip: what the bench does to its lines.
 *
 * The level of a line: driven by the guest when it is an output, else by the outside when that drives it, else by its
 * pull (pull-down at first). Lines are named dummy0, dummy1, ...: the names of the program this one replaces.
 */
#pragma once

#include "chip/chip.h"

enum sim_pull {
	SIM_PULL_DOWN,
	SIM_PULL_UP,
};

/* Whether the chip is a simulated one: only then may the functions below be called. */
bool sim_is(const struct chip *chip);

/* The outside drives the line to level. -EBUSY while the guest drives it. */
int sim_drive(struct chip *chip, unsigned offset, bool level);
/* The outside lets go of the line and leaves it to this pull. */
int sim_pull(struct chip *chip, unsigned offset, enum sim_pull pull);
/* The level of the line, whoever causes it. */
bool sim_level(const struct chip *chip, unsigned offset);
