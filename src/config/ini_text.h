/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * INI text, by inih: sections, keys and their values, comments with ';' or '#', values that go on in indented lines.
 *
 * inih keeps the first 49 bytes of a title and of a key, cuts long lines in two, takes what comes after ']' for nothing,
 * and tells nobody of a section without keys. What it would cut or leave out silently is refused here, and titles are
 * told as they are.
 */
#pragma once

#include <stddef.h>

#include "base/why.h"

struct ini_text {
	void *ctx;
	/* [title]. Below 0: stop. */
	int (*section)(void *ctx, unsigned line, const char *title);
	/* key = value; of a value in n_lines lines the parts are joined by blanks. Below 0: stop. */
	int (*key)(void *ctx, unsigned line, unsigned n_lines, const char *key, const char *value);
};

/*
 * 0, or what the callback returned that was the first below 0; then *why is "". -EINVAL: the text is no INI, *line and
 * *why say what is wrong. -ENOMEM.
 */
int ini_text_parse(const char *text, const struct ini_text *to, unsigned *line, struct why *why);
