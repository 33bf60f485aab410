/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verbs press, pulse and blink. */
#include "ctl/stimulate.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "bench/clauses.h"
#include "ctl/arguments.h"

/* Does it to all lines, at once. */
static int lines_drive(struct call *call, const struct arguments *arguments, const struct stimulus_spec *spec)
{
	struct board board = { .link = NULL };
	uint64_t time_ns;

	if (!arguments_open(arguments, call, &board))
		return EXIT_FAILED;
	for (size_t i = 0; i < arguments->scenario.n_lines && !board.failed; i++)
		board_stimulate(&board, (uint16_t)i, spec, 0, &time_ns);
	/* Blinking without end is to be interrupted. */
	while (!board.failed && stimulus_duration(spec) == UINT64_MAX)
		board_pump(&board, UINT64_MAX);
	board_finish(&board);
	return arguments_close(call, &board) ? 0 : EXIT_FAILED;
}

/* The first n words are lines, what follows them in the arguments describes the stimulus. */
static int stimulate(struct call *call, struct arguments *arguments, enum stimulus_kind kind, int n, const char *verb)
{
	struct stimulus_spec spec;
	uint16_t line;
	int ret = clause_stimulus(&arguments->parser, kind, &spec);

	if (ret == 0 && !parser_at_end(&arguments->parser))
		ret = parser_fail(&arguments->parser, "no more words");
	for (int i = 0; i < n && ret == 0; i++)
		ret = parser_line(&arguments->parser, call->words[i], true, &line);
	if (spec.seed == 0)
		spec.seed = STIMULUS_SEED;
	return ret < 0 ? arguments_refuse(arguments, verb) : lines_drive(call, arguments, &spec);
}

int stimulate_press(struct call *call)
{
	struct arguments *arguments = arguments_make();
	int status = EXIT_USAGE;

	if (arguments && arguments_add_option(arguments, call, CALL_HOLD, "hold") &&
	    arguments_add_option(arguments, call, CALL_BOUNCE, "bounce"))
		status = stimulate(call, arguments, STIMULUS_PRESS, call->n_words, "press");
	arguments_free(arguments);
	return status;
}

int stimulate_pulse(struct call *call)
{
	struct arguments *arguments;
	int status = EXIT_USAGE;

	if (call->n_words < 2) {
		error_print("pulse needs L TIME");
		return EXIT_USAGE;
	}
	arguments = arguments_make();
	if (arguments && arguments_add(arguments, call->words[call->n_words - 1]))
		status = stimulate(call, arguments, STIMULUS_PULSE, call->n_words - 1, "pulse");
	arguments_free(arguments);
	return status;
}

/* "5" and "5Hz" are the same here. */
static bool rate_add(struct arguments *arguments, const char *value)
{
	char rate[32];

	if (strspn(value, "0123456789.") != strlen(value))
		return arguments_add(arguments, value);
	snprintf(rate, sizeof(rate), "%.24sHz", value);
	return arguments_add(arguments, rate);
}

int stimulate_blink(struct call *call)
{
	struct arguments *arguments;
	int status = EXIT_USAGE;

	if (!call->options[CALL_HZ]) {
		error_print("blink needs --hz");
		return EXIT_USAGE;
	}
	arguments = arguments_make();
	if (arguments && rate_add(arguments, call->options[CALL_HZ]) &&
	    arguments_add_option(arguments, call, CALL_COUNT, "count"))
		status = stimulate(call, arguments, STIMULUS_BLINK, call->n_words, "blink");
	arguments_free(arguments);
	return status;
}
