/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Words of the command line as those of a scenario's step, and the board that they speak of. */
#pragma once

#include "bench/parser.h"
#include "board/board.h"
#include "ctl/call.h"

struct arguments {
	struct scenario scenario; /* owned: the lines that the words name */
	struct parser parser;
	struct why why;
};

/* Without words. NULL: no memory (said). */
struct arguments *arguments_make(void);
void arguments_free(struct arguments *arguments);
/* Adds a word, and with it an option's value. False: said. */
bool arguments_add(struct arguments *arguments, const char *word);
bool arguments_add_option(struct arguments *arguments, const struct call *call, enum call_option option,
			  const char *word);
/* Says what the parser said, "verb: why". Returns EXIT_USAGE. */
int arguments_refuse(const struct arguments *arguments, const char *verb);
/* Connects, and opens the board of the lines, of which each that is driven has to be simulated. False: said. */
bool arguments_open(const struct arguments *arguments, struct call *call, struct board *board);
/* Closes both. good: as the board says; what it says otherwise is printed. Returns that. */
bool arguments_close(struct call *call, struct board *board);
