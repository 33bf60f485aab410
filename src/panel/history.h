/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The last ten seconds of a line, in bins: what levels there were in each, and how many edges. What a bin holds does not
 * change when it has passed, but for an event that came late.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HISTORY_BIN_NS 50000000u
#define HISTORY_BINS   200u

struct history {
	uint64_t head;		    /* the number of the newest bin: time / HISTORY_BIN_NS */
	int8_t level;		    /* in it, at last: 0, 1, or -1: it is not known */
	uint8_t seen[HISTORY_BINS]; /* by number: which levels there were; 0: nobody looked */
	uint16_t edges[HISTORY_BINS];
};

enum history_shape {
	HISTORY_NONE, /* nobody looked */
	HISTORY_UNKNOWN,
	HISTORY_LOW,
	HISTORY_HIGH,
	HISTORY_EDGE,
	HISTORY_EDGES, /* more than one */
	HISTORY_SHAPES,
};

/* Nobody has looked before. */
void history_begin(struct history *history, int level, uint64_t now_ns);
/* Time has passed, and the line is as it was. */
void history_advance(struct history *history, uint64_t now_ns);
/* The line has been of this level since time_ns, which is now or before; events come in order. */
void history_event(struct history *history, int level, bool is_edge, uint64_t time_ns, uint64_t now_ns);
/* Edges of the last second that is over. */
unsigned history_rate(const struct history *history);
/* What to draw for so many bins from the one of this number on. */
enum history_shape history_shape(const struct history *history, uint64_t first, unsigned n);
/* Whether it looks the same when time passes. */
bool history_is_flat(const struct history *history);
