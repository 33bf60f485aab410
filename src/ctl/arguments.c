/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Words of the command line as those of a scenario's step. */
#include "ctl/arguments.h"

#include <stdlib.h>

#include "base/error.h"
#include "board/board_open.h"

struct arguments *arguments_make(void)
{
	struct arguments *arguments = calloc(1, sizeof(*arguments));

	if (!arguments) {
		error_print("out of memory");
		return NULL;
	}
	arguments->parser.scenario = &arguments->scenario;
	arguments->parser.why = &arguments->why;
	return arguments;
}

void arguments_free(struct arguments *arguments)
{
	if (arguments)
		scenario_deinit(&arguments->scenario);
	free(arguments);
}

bool arguments_add(struct arguments *arguments, const char *word)
{
	if (lexer_argument(&arguments->parser.lexer, word, &arguments->why) == 0)
		return true;
	error_print("%s", arguments->why.text);
	return false;
}

bool arguments_add_option(struct arguments *arguments, const struct call *call, enum call_option option,
			  const char *word)
{
	const char *value = call->options[option];

	return !value || (arguments_add(arguments, word) && arguments_add(arguments, value));
}

int arguments_refuse(const struct arguments *arguments, const char *verb)
{
	error_print("%s: %s", verb, arguments->why.text);
	return EXIT_USAGE;
}

bool arguments_open(const struct arguments *arguments, struct call *call, struct board *board)
{
	const struct scenario *scenario = &arguments->scenario;
	const char *words[SCENARIO_LINES_MAX];
	size_t which;

	if (link_open(&call->link, call->path) < 0)
		return false;
	for (size_t i = 0; i < scenario->n_lines; i++)
		words[i] = scenario->lines[i].word;
	if (!board_open(board, &call->link, words, scenario->n_lines, &which))
		return arguments_close(call, board);
	for (size_t i = 0; i < scenario->n_lines; i++) {
		if (!scenario->lines[i].driven || board->lines[i].sim)
			continue;
		error_print("%s is a real line: read and watch only", board->lines[i].name);
		arguments_close(call, board);
		return false;
	}
	return true;
}

bool arguments_close(struct call *call, struct board *board)
{
	bool good = !board->failed;

	if (!good && *board->why.text)
		error_print("%s", board->why.text);
	board_close(board);
	link_close(&call->link);
	return good;
}
