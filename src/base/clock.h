/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* CLOCK_MONOTONIC as one number. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
