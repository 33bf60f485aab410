/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A Value Change Dump as words, and where each stands. The text may be anything: nothing in it is trusted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

struct vcd_text {
	const char *name; /* of the file */
	const char *text; /* the caller's; need not end with a zero */
	size_t len, at;
	unsigned row;
	struct why *why;
};

/* len 0: the end of the text. */
struct vcd_word {
	const char *text;
	size_t len;
	unsigned row;
};

/* What follows the present place; the place moves on. */
struct vcd_word vcd_text_next(struct vcd_text *text);
bool vcd_word_is(struct vcd_word word, const char *text);
/* "file:row: "word": expected ...". Returns -EINVAL. */
int vcd_text_fail(const struct vcd_text *text, struct vcd_word word, const char *expected);
/* Skips what is left of the command that this word began, with its $end. 0 or -EINVAL. */
int vcd_text_skip(struct vcd_text *text, struct vcd_word command);
