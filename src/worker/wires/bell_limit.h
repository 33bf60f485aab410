/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * How often a peer's bell is answered. It can be rung without end, and what is rung for is a neighbour's: so BELLS_AT_ONCE at a
 * time, and in the long run one each BELL_EACH_NS, more than a guest's lines change. No clock: now_ns is the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BELLS_AT_ONCE 256
#define BELL_EACH_NS  (20ull * 1000)

/* Zero-initialised is ready. */
struct bell_limit {
	uint64_t spent_ns; /* until then all that were answered are paid for */
};

/* Whether this one is to be answered now. */
bool bell_limit_take(struct bell_limit *limit, uint64_t now_ns);
