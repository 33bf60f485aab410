/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Which of the words that there are was meant by one that is none of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct near {
	const char *word; /* len bytes */
	size_t len;
	const char *best; /* as it was offered; NULL: none is near */
	unsigned distance;
};

/* One of the words that there are. True: it is the best so far; of those that are equally near the first is. */
bool near_offer(struct near *near, const char *candidate);
