/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Under the grammar of lines: a cursor in its text that takes single words, and says where it does not understand. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "config/guest_config.h"

struct lines_parser {
	char where[CONFIG_WHERE_MAX]; /* every message begins with it; the line of the file is that of at */
	const char *what;	      /* what messages call the text: "lines" */
	const char *line;	      /* where the line begins that is read */
	const char *at;
	bool alone; /* the text is one word: blanks may be part of it */
	struct why *why;
};

/* A word as it stands in the text. */
struct lines_word {
	const char *at;
	size_t len; /* with the quotes */
	bool quoted;
};

/* A text may have several lines: their ends are blanks. */
void lines_skip_blanks(struct lines_parser *parser);
/* A fault of the grammar, to why: the column, what is wrong there, and the text from there on. -EINVAL. */
int lines_refuse_at(const struct lines_parser *parser, const char *at, const char *what);

/* Whether c comes next; then it is taken, with the blanks around it. */
bool lines_take(struct lines_parser *parser, char c);
/* A word up to one of the characters in ends; those in wrong may stand in quotes only. what: what is expected. */
int lines_word_take(struct lines_parser *parser, const char *ends, const char *wrong, const char *what,
		    struct lines_word *word);
