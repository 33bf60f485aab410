/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Not fnmatch(3), which takes exponential time for what a client may send. */
#include "control/line_pattern.h"

#include <string.h>

bool line_pattern_is(const char *word)
{
	return strpbrk(word, "*?");
}

/* What the last '*' stands for grows by one, and all behind it is tried again: an earlier one need never be. */
bool line_pattern_fits(const char *pattern, const char *text)
{
	const char *star = NULL, *from = text;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}
