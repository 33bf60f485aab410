/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A row of a scenario as words. Blanks part them; "quotes" keep blanks and all else in a word (\" and \\ are the
 * character itself); '#' at the start of a word begins a comment; $name and ${name} are a parameter's value, $$ is '$'.
 * '=', '{', '}', ';' and '±' (also "+-" and "+/-") are words of their own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "bench/parameters.h"

#define LEXER_ROW_MAX	1024 /* bytes of a row, parameters replaced */
#define LEXER_WORDS_MAX 256

struct lexer_word {
	const char *text;
	size_t from, to; /* where it stands in the row */
	bool quoted;	 /* a part of it: it is no word of the grammar */
};

struct lexer {
	char row[LEXER_ROW_MAX];       /* parameters replaced */
	char texts[2 * LEXER_ROW_MAX]; /* the words, each with its end */
	struct lexer_word words[LEXER_WORDS_MAX];
	size_t n;
};

/* The len bytes of a row. 0, or -EINVAL: why says the word and the reason. */
int lexer_row(struct lexer *lexer, const char *row, size_t len, struct parameters *parameters, struct why *why);
/* One word of a command line: only '=' is special, the last one in it, if anything stands before it. Adds to the words. */
int lexer_argument(struct lexer *lexer, const char *argument, struct why *why);
