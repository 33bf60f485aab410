/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A chip driver for tests of what stands above the chip: writes down what is asked of it, and fails on demand.
 *
 * The journal: "3:in " "3:in+rf " (edges) "3:out1 " "3:set0 " "3:get " "3:release " "3:adopt9+in " (fd 9).
 */
#pragma once

#include "chip/driver.h"

#define FAKE_LINES 8

struct fake_chip {
	struct chip chip;
	struct {
		bool held;
		struct chip_line_config config;
		bool level;	      /* of the world, as an input reads it */
		unsigned driven;      /* every level that it was told to drive, as 1 << level */
		unsigned edges_asked; /* every enum chip_edge that it was told to report */
		char name[CHIP_NAME_MAX];
	} lines[FAKE_LINES];
	/* Called while the chip is told to set, configure or release. */
	void (*in_operation)(void *ctx);
	void *ctx;
	char journal[4096];
	/* -errno of the next operations of a kind; 0: they succeed. */
	int fail_configure, fail_adopt, fail_get, fail_set, fail_info;
};

void fake_chip_init(struct fake_chip *fake);
/* What was asked since the last call. */
const char *fake_chip_journal(struct fake_chip *fake);
