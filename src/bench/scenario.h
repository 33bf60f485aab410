/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A scenario: steps, one after the other, and the lines that they speak of. docs/vgpioctl.1 has the grammar. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/condition.h"
#include "bench/judge.h"
#include "bench/stimulus.h"

#define SCENARIO_STEPS_MAX 65536
#define SCENARIO_LINES_MAX 1024
#define SCENARIO_DEPTH_MAX 16
#define SCENARIO_SIZE_MAX  (1024ul * 1024)

#define SCENARIO_READY_NS 60000000000u /* "on ready" that does not say how long */

enum step_kind {
	STEP_READY,    /* waits for guests' drivers; from here on "at" counts */
	STEP_AT,       /* waits until time_ns after that */
	STEP_AFTER,    /* waits time_ns */
	STEP_SET,      /* items: lines and levels */
	STEP_PULL,     /* the same */
	STEP_TOGGLE,   /* items: lines */
	STEP_STIMULUS, /* of the first item's line */
	STEP_EVERY,    /* the next step, a stimulus or toggle, again and again with this period until the end */
	STEP_EXPECT,
	STEP_ORDER,  /* items: conditions */
	STEP_NEVER,  /* items: a condition, then those while which */
	STEP_REPEAT, /* what follows, up to the step end, count times; time_ns: so far apart, or 0 */
	STEP_END,    /* of a repeat; end is that step */
};

struct step {
	enum step_kind kind;
	unsigned row;	  /* in the file, from 1 */
	const char *text; /* as it stands there */
	uint32_t item, n_items;
	uint32_t count, end;
	uint64_t time_ns;
	struct stimulus_spec stimulus;
	struct expectation expectation;
};

struct scenario_line {
	char *word; /* owned */
	unsigned row;
	bool driven; /* by a step: it has to be simulated */
};

struct scenario {
	struct step *steps; /* owned */
	size_t n_steps;
	struct condition *items; /* owned; of all steps */
	size_t n_items;
	struct scenario_line *lines; /* owned */
	size_t n_lines;
	char **texts; /* owned; of the steps */
	size_t n_texts;
};

/* Idempotent, also of one that is all zeroes. */
void scenario_deinit(struct scenario *scenario);
