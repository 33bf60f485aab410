/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * INI text, by inih: sections, keys and their values, comments with ';' or '#', values that go on in indented lines.
 *
 * inih takes keys with their values apart, and tells nobody of a section without keys: titles are read here. It would
 * cut a long line in two, which is refused.
 */
#pragma once

#include "base/why.h"

struct ini_text {
	void *ctx;
	/* [title]. Below 0: stop. */
	int (*section)(void *ctx, unsigned line, const char *title);
	/* key = value; of a value in n_lines lines the parts are joined by as many ends of lines as stand between them. Below 0: stop. */
	int (*key)(void *ctx, unsigned line, unsigned n_lines, const char *key, const char *value);
};

/*
 * 0, or what the callback returned that was the first below 0; then *line is 0. -EINVAL: the text is no INI, *line and
 * why say what is wrong. -ENOMEM.
 */
int ini_text_parse(const char *text, const struct ini_text *to, unsigned *line, struct why *why);
