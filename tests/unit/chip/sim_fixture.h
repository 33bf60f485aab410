/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A simulated chip of 8 lines for the tests of chip/sim: writes down what the chip tells its user. */
#pragma once

#include "rows.h"

#include "chip/chip.h"
#include "loop/loop.h"

#define SIM_LINES 8

struct sim_fixture {
	struct loop loop;
	struct chip_spec spec;
	struct chip_found found;
	void *memory; /* the session's */
	struct chip *chip;
	int edges, changes;
	unsigned last_offset;
	enum chip_edge last_edge;
	bool last_level;
};

int sim_fixture_up(void **state);
int sim_fixture_down(void **state);
/* A worker dies, the next one attaches. */
void sim_fixture_restart(struct sim_fixture *fixture);
