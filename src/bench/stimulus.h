/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What is done to a line over a time, as a sequence of edges: a pulse, a button that is pressed, a blinking signal.
 * Times are those from the first edge on; the same description gives the same edges.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum stimulus_kind {
	STIMULUS_PULSE,
	STIMULUS_PRESS,
	STIMULUS_BLINK,
};

#define STIMULUS_HOLD_NS    80000000u /* of a press that does not say */
#define STIMULUS_BOUNCE_MIN 1000u     /* shorter ones have no room for their edges */
#define STIMULUS_SEED	    1

struct stimulus_spec {
	enum stimulus_kind kind;
	uint64_t length_ns; /* of the pulse; from contact to release; of a period */
	uint64_t bounce_ns; /* of a press: contact and release bounce for so long; 0: they do not */
	uint64_t seed;
	uint32_t count; /* of periods; 0: without end */
};

/* As against the line's level before the first edge. */
enum stimulus_action {
	STIMULUS_ACTIVE,  /* driven to the opposite */
	STIMULUS_IDLE,	  /* driven to the same */
	STIMULUS_RELEASE, /* let go of, and pulled to the same: an open contact */
};

struct stimulus_edge {
	uint64_t at_ns;
	enum stimulus_action action;
};

/* By value: a copy goes on from where the original is. */
struct stimulus {
	struct stimulus_spec spec;
	uint64_t random;
	uint64_t n; /* of edges so far; of a press: since the contact was made or broken */
	uint64_t n_bounces;
	bool released;
};

/* Whether there is room for its edges: a bounce is over when the button is released. */
bool stimulus_is_good(const struct stimulus_spec *spec);
void stimulus_begin(struct stimulus *stimulus, const struct stimulus_spec *spec);
/* The next edge. False: it is over. */
bool stimulus_next(struct stimulus *stimulus, struct stimulus_edge *edge);
/* From the first edge until nothing happens any more; UINT64_MAX: never. */
uint64_t stimulus_duration(const struct stimulus_spec *spec);
