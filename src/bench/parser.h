/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where the reader of a scenario is, what it takes there, and what it makes of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "bench/lexer.h"
#include "bench/scenario.h"

struct parser {
	struct scenario *scenario;
	struct parameters *parameters;
	struct why *why;
	const char *name; /* of the file; NULL: words of a command line */
	unsigned row;
	struct lexer lexer;		      /* the row's words */
	size_t at;			      /* the next of them */
	uint32_t repeats[SCENARIO_DEPTH_MAX]; /* those that are open: their steps */
	size_t depth;
};

/* "file:row: word: expected ...". Returns -EINVAL. */
int parser_fail(const struct parser *parser, const char *expected);
/* The same in other words. */
int parser_fail_because(const struct parser *parser, const char *reason);

/* Whether the next word is this one of the grammar; takes it. */
bool parser_takes(struct parser *parser, const char *word);
bool parser_sees(const struct parser *parser, const char *word);
/* Whether no word is left of this step. */
bool parser_at_end(const struct parser *parser);
/* The next word, which may be any but a mark: taken. NULL: said. */
const char *parser_word(struct parser *parser, const char *expected);
/* A quantity. -EINVAL: said. */
int parser_time(struct parser *parser, uint64_t *ns);
int parser_count(struct parser *parser, uint64_t max, uint32_t *count);
int parser_rate(struct parser *parser, uint64_t *millihertz);
int parser_percent(struct parser *parser, uint64_t *hundredths);

/* A step, which is all zeroes but for its kind and place. NULL: said, as below. */
struct step *parser_step(struct parser *parser, enum step_kind kind);
/* The words of the row from this one up to where the parser is, as the step's text. */
int parser_text(struct parser *parser, struct step *step, size_t from);
/* To the items of the step, which is the last one. */
int parser_item(struct parser *parser, struct step *step, const struct condition *item);
/* The line of this word. driven: it has to be simulated. */
int parser_line(struct parser *parser, const char *word, bool driven, uint16_t *line);
