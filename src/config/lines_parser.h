/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Under the grammar of lines: a cursor in its text that takes single words, and says where it does not understand. */
#pragma once

#include "config/guest_config.h"

struct lines_parser {
	const char *what; /* how messages call the text: "lines" */
	const char *text, *at;
	struct guest_config *guest;
	struct why *why;
};

/* A word as it stands in the text. */
struct lines_word {
	const char *at;
	size_t len; /* with the quotes */
	bool quoted;
};

/* A fault of the grammar, to why: the column, what is wrong there, and the text from there on. -EINVAL. */
int lines_refuse_at(const struct lines_parser *parser, const char *at, const char *what);

/* Whether c comes next; then it is taken, with the blanks around it. */
bool lines_take(struct lines_parser *parser, char c);
/* A word up to one of the characters in ends; those in wrong may stand in quotes only. what: how messages call it. */
int lines_word_take(struct lines_parser *parser, const char *ends, const char *wrong, const char *what,
		    struct lines_word *word);
/* The word as a name. what: how messages call it, "the name". */
int lines_name_read(const struct lines_parser *parser, const char *where, const struct lines_word *word,
		    const char *what, char name[CHIP_NAME_MAX]);
