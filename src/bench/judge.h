/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Whether one line does what is expected of it. No I/O and no clock: the verdict, and its time, follow from the events
 * and from how far all is known; the same events give the same verdict, however late they come.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/condition.h"

#define JUDGE_FOREVER UINT64_MAX

/* Pulses are counted, or the condition comes true; a level may have to last then. */
struct expectation {
	struct condition condition;
	uint64_t
		within_ns; /* it comes so late at most, JUDGE_FOREVER: whenever it likes; pulses: they are counted for so long */
	uint64_t for_ns;       /* a level: and lasts so long */
	bool pulses;	       /* rising edges: */
	uint32_t count, spare; /* so many, or so many more or fewer */
	uint64_t millihertz,
		off_hundredths; /* so often in the mean, off by so many hundredths of a percent; 0: as it likes */
};

enum verdict {
	VERDICT_OPEN,
	VERDICT_PASS,
	VERDICT_FAIL,
};

struct judge {
	struct expectation expectation;
	uint64_t since_ns;
	struct line_now now;
	bool begun; /* the level at since_ns has been looked at */
	bool holds; /* since held_ns */
	uint64_t held_ns;
	uint32_t n_edges;	    /* since since_ns, of either kind */
	uint32_t n_rising;	    /* those that are counted */
	uint64_t first_ns, last_ns; /* the first and the last of them */
	uint64_t edge_ns;	    /* the last edge of either kind */
	enum verdict verdict;
	uint64_t time_ns; /* of the verdict */
};

/* before: what the line was before all events that will be told of. They may be older than since_ns. */
void judge_begin(struct judge *judge, const struct expectation *expectation, uint64_t since_ns, struct line_now before);
/* The next event, in order of time; one of another line says nothing. */
enum verdict judge_event(struct judge *judge, const struct line_event *event);
/* If no event comes: the verdict is there when all up to this time, and a bit more, is known. UINT64_MAX: never. */
uint64_t judge_due(const struct judge *judge);
/* No event comes any more that is older than known_ns. */
enum verdict judge_known(struct judge *judge, uint64_t known_ns);
