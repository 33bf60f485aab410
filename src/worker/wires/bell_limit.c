/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* How often a peer's bell is answered. */
#include "worker/wires/bell_limit.h"

bool bell_limit_take(struct bell_limit *limit, uint64_t now_ns)
{
	if (limit->spent_ns < now_ns)
		limit->spent_ns = now_ns;
	if (limit->spent_ns - now_ns > (BELLS_AT_ONCE - 1) * BELL_EACH_NS)
		return false;
	limit->spent_ns += BELL_EACH_NS;
	return true;
}
