/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A scenario, from its text to its steps, row by row. */
#include "bench/scenario_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/parser.h"
#include "bench/statements.h"

static int row_read(struct parser *parser, const char *text, size_t len)
{
	struct why reason;

	parser->row++;
	parser->at = 0;
	if (lexer_row(&parser->lexer, text, len, parser->parameters, &reason) == 0)
		return statements_read(parser);
	parser->lexer.n = 0;
	return parser_fail_because(parser, reason.text);
}

static int rows_read(struct parser *parser, const char *text)
{
	int ret = 0;

	while (*text && ret == 0) {
		size_t len = strcspn(text, "\n");

		ret = row_read(parser, text, len);
		text += len + (text[len] == '\n');
	}
	if (ret < 0 || parser->depth == 0)
		return ret;
	parser->row = parser->scenario->steps[parser->repeats[parser->depth - 1]].row;
	parser->at = 0;
	return parser_fail_because(parser, "the } of this repeat is missing");
}

int scenario_parse(struct scenario *scenario, const char *name, const char *text, struct parameters *parameters,
		   struct why *why)
{
	struct parser *parser = calloc(1, sizeof(*parser));
	int ret;

	*scenario = (struct scenario){ .n_steps = 0 };
	if (!parser)
		return why_fail(ENOMEM, why, "out of memory");
	*parser = (struct parser){ .scenario = scenario, .parameters = parameters, .why = why, .name = name };
	ret = rows_read(parser, text);
	free(parser);
	return ret;
}
