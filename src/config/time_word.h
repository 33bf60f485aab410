/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Times as users write them: a whole number and a unit, "200us", "5ms", "1s". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

#define TIME_WORD_MAX 16 /* "4294967295us" */

struct time_range {
	uint32_t min_us, max_us;
};

/* Reads len bytes. -EINVAL with why, which begins with where and what: "--guest: line 1", "debounce". */
int time_read(const char *where, const char *what, const char *word, size_t len, const struct time_range *range,
	      uint32_t *us, struct why *why);
/* In the largest unit that leaves no fraction. */
void time_print(uint32_t us, char text[TIME_WORD_MAX]);
