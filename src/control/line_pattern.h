/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Words for several lines: a guest's name for all of its lines; '*' for any text and '?' for any character in names. */
#pragma once

#include <stdbool.h>

/* Whether it has any of them. */
bool line_pattern_is(const char *word);
/* In time that is bounded by both lengths, whatever the pattern. */
bool line_pattern_fits(const char *pattern, const char *text);
