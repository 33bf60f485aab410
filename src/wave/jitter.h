/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * How late something comes again and again, and how much that differs: what is always as late as usual is in time. To
 * the microsecond, in memory that does not grow.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define JITTER_US 20000 /* later than this is all the same */

struct jitter {
	uint32_t counts[JITTER_US + 1];
	uint64_t n;
	uint64_t min_ns, max_ns; /* of one or more */
};

/* It is all zeroes before. */
void jitter_add(struct jitter *jitter, uint64_t late_ns);
/* How late half of them are at most; 0 when there is none; UINT64_MAX: later than can be told; as below. */
uint64_t jitter_usual(const struct jitter *jitter);
/* How far from that so many percent of them are at most. */
uint64_t jitter_within(const struct jitter *jitter, unsigned percent);
/* And all. */
uint64_t jitter_max(const struct jitter *jitter);
