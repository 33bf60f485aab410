/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The distance is that of Damerau and Levenshtein, where no part is changed twice (optimal string alignment). */
#include "base/near.h"

#include <string.h>

/* Known words are shorter; a longer one is near to none of them. */
#define LEN_MAX 31

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters added, left out, changed, or swapped with their neighbour. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][LEN_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	for (unsigned j = 0; j <= b_len; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned *oldest = before;

		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[b_len];
}

/* How far a known word may be from what was typed: of a short one, another word is soon near. */
static unsigned distance_max(size_t len)
{
	return len >= 6 ? 2 : len >= 3 ? 1 : 0;
}

bool near_offer(struct near *near, const char *candidate)
{
	size_t len = strlen(candidate);
	unsigned d = near->len <= LEN_MAX && len <= LEN_MAX ? distance(near->word, near->len, candidate, len) : LEN_MAX;

	if (d > distance_max(len) || (near->best && d >= near->distance))
		return false;
	near->best = candidate;
	near->distance = d;
	return true;
}
