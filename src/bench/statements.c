/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Steps of a scenario, by the word that they begin with. */
#include "bench/statements.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "bench/clauses.h"
#include "bench/rule.h"

#define REPEAT_MAX 1000000000u

struct statement {
	const char *word;
	enum step_kind kind;
	int (*read)(struct parser *parser, struct step *step);
	bool goes_on; /* another step may follow with nothing in between */
};

static int read_ready(struct parser *parser, struct step *step)
{
	if (!parser_takes(parser, "ready"))
		return parser_fail(parser, "ready");
	step->time_ns = SCENARIO_READY_NS;
	return parser_takes(parser, "within") ? parser_time(parser, &step->time_ns) : 0;
}

static int read_time(struct parser *parser, struct step *step)
{
	return parser_time(parser, &step->time_ns);
}

/* A level, or a pull. */
static int read_value(struct parser *parser, const struct step *step, uint8_t *value)
{
	static const char *const words[][2][3] = {
		[STEP_SET] = { { "0", "inactive", NULL }, { "1", "active", NULL } },
		[STEP_PULL] = { { "pull-down", "down", "0" }, { "pull-up", "up", "1" } },
	};

	for (uint8_t level = 0; level < 2; level++) {
		for (size_t i = 0; i < 3 && words[step->kind][level][i]; i++) {
			if (!parser_takes(parser, words[step->kind][level][i]))
				continue;
			*value = level;
			return 0;
		}
	}
	return parser_fail(parser, step->kind == STEP_SET ? "0 or 1" : "pull-up or pull-down");
}

static int read_driven(struct parser *parser, struct step *step)
{
	do {
		const char *word = parser_word(parser, "a line");
		struct condition item = { .kind = CONDITION_LEVEL };

		if (!word || parser_line(parser, word, true, &item.line) < 0)
			return -EINVAL;
		if (step->kind != STEP_TOGGLE) {
			if (!parser_takes(parser, "="))
				return parser_fail(parser, "=");
			if (read_value(parser, step, &item.value) < 0)
				return -EINVAL;
		}
		if (parser_item(parser, step, &item) < 0)
			return -EINVAL;
	} while (!parser_at_end(parser));
	return 0;
}

static int read_stimulus(struct parser *parser, struct step *step, enum stimulus_kind kind)
{
	struct condition item = { .kind = CONDITION_LEVEL };
	const char *word = parser_word(parser, "a line");

	if (!word || parser_line(parser, word, true, &item.line) < 0 || parser_item(parser, step, &item) < 0)
		return -EINVAL;
	return clause_stimulus(parser, kind, &step->stimulus);
}

static int read_press(struct parser *parser, struct step *step)
{
	return read_stimulus(parser, step, STIMULUS_PRESS);
}

static int read_pulse(struct parser *parser, struct step *step)
{
	return read_stimulus(parser, step, STIMULUS_PULSE);
}

static int read_blink(struct parser *parser, struct step *step)
{
	return read_stimulus(parser, step, STIMULUS_BLINK);
}

static int read_expect(struct parser *parser, struct step *step)
{
	return clause_expectation(parser, &step->expectation);
}

static int condition_add(struct parser *parser, struct step *step, bool bare)
{
	struct condition condition;

	if (step->n_items == RULE_CONDITIONS_MAX)
		return parser_fail_because(parser, "too many lines");
	return clause_condition(parser, bare, &condition) < 0 ? -EINVAL : parser_item(parser, step, &condition);
}

static int read_order(struct parser *parser, struct step *step)
{
	do {
		if (condition_add(parser, step, true) < 0)
			return -EINVAL;
	} while (parser_takes(parser, "before"));
	return step->n_items < 2 ? parser_fail(parser, "before") : 0;
}

/* Conditions while which it must not be: of these none is an edge, which would be two at a time. */
static int read_never(struct parser *parser, struct step *step)
{
	const struct scenario *scenario = parser->scenario;

	if (condition_add(parser, step, false) < 0)
		return -EINVAL;
	if (!parser_takes(parser, "while"))
		return 0;
	do {
		if (condition_add(parser, step, false) < 0)
			return -EINVAL;
		if (condition_is_edge(&scenario->items[scenario->n_items - 1]))
			return parser_fail_because(parser, "expected a level or a direction behind \"while\"");
	} while (parser_takes(parser, "and"));
	return 0;
}

static int read_repeat(struct parser *parser, struct step *step)
{
	if (parser_count(parser, REPEAT_MAX, &step->count) < 0)
		return -EINVAL;
	if (parser_takes(parser, "every") && parser_time(parser, &step->time_ns) < 0)
		return -EINVAL;
	if (!parser_takes(parser, "{"))
		return parser_fail(parser, "{");
	if (parser->depth == SCENARIO_DEPTH_MAX)
		return parser_fail_because(parser, "repeated too deep");
	parser->repeats[parser->depth++] = (uint32_t)(step - parser->scenario->steps);
	return 0;
}

static const struct statement statements[] = {
	{ "on", STEP_READY, read_ready, true },	       { "at", STEP_AT, read_time, true },
	{ "after", STEP_AFTER, read_time, true },      { "every", STEP_EVERY, read_time, true },
	{ "set", STEP_SET, read_driven, false },       { "pull", STEP_PULL, read_driven, false },
	{ "toggle", STEP_TOGGLE, read_driven, false }, { "press", STEP_STIMULUS, read_press, false },
	{ "pulse", STEP_STIMULUS, read_pulse, false }, { "blink", STEP_STIMULUS, read_blink, false },
	{ "expect", STEP_EXPECT, read_expect, false }, { "order:", STEP_ORDER, read_order, false },
	{ "order", STEP_ORDER, read_order, false },    { "never", STEP_NEVER, read_never, false },
	{ "repeat", STEP_REPEAT, read_repeat, true },
};

/* What "every" repeats is over before it begins again. */
static int every_check(const struct parser *parser, const struct step *step)
{
	const struct step *every = step - 1;

	if (step == parser->scenario->steps || every->kind != STEP_EVERY)
		return 0;
	if (step->kind != STEP_TOGGLE && step->kind != STEP_STIMULUS)
		return parser_fail_because(parser, "expected toggle, press, pulse or blink behind \"every\"");
	if (every->time_ns == 0 ||
	    (step->kind == STEP_STIMULUS && stimulus_duration(&step->stimulus) >= every->time_ns))
		return parser_fail_because(parser, "\"every\" has to be longer than what it repeats");
	return 0;
}

static int statement_read(struct parser *parser, const struct statement *statement)
{
	struct step *step = parser_step(parser, statement->kind);
	size_t from = parser->at - 1;

	if (!step || statement->read(parser, step) < 0 || parser_text(parser, step, from) < 0 ||
	    every_check(parser, step) < 0)
		return -EINVAL;
	if (!statement->goes_on && !parser_at_end(parser))
		return parser_fail(parser, "; or the end of the line");
	return 0;
}

/* The value is the rest of the row, or up to ';'. */
static int let_read(struct parser *parser)
{
	const struct lexer *lexer = &parser->lexer;
	const char *name = parser_word(parser, "a name");
	char value[LEXER_ROW_MAX];
	size_t from, to;

	if (!name || !parser_takes(parser, "="))
		return name ? parser_fail(parser, "=") : -EINVAL;
	if (parser_at_end(parser))
		return parser_fail(parser, "a value");
	from = to = lexer->words[parser->at].from;
	while (!parser_at_end(parser))
		to = lexer->words[parser->at++].to;
	snprintf(value, sizeof(value), "%.*s", (int)(to - from), lexer->row + from);
	if (parameter_name_len(name) != strlen(name) ||
	    parameters_set(parser->parameters, name, strlen(name), value, false) < 0)
		return parser_fail_because(
			parser, "expected a name of letters, digits and _, and a value, not too long or many");
	return 0;
}

static int repeat_end(struct parser *parser)
{
	struct step *step, *begin;

	if (parser->depth == 0)
		return parser_fail_because(parser, "nothing is open");
	step = parser_step(parser, STEP_END);
	if (!step)
		return -EINVAL;
	begin = &parser->scenario->steps[parser->repeats[--parser->depth]];
	begin->end = (uint32_t)(step - parser->scenario->steps);
	step->end = (uint32_t)(begin - parser->scenario->steps);
	return 0;
}

static bool step_is_missing(const struct parser *parser)
{
	const struct scenario *scenario = parser->scenario;

	return scenario->n_steps > 0 && scenario->steps[scenario->n_steps - 1].kind == STEP_EVERY;
}

static int one_read(struct parser *parser)
{
	if (step_is_missing(parser) && parser_at_end(parser))
		return parser_fail(parser, "toggle, press, pulse or blink");
	if (parser_takes(parser, ";"))
		return 0;
	if (parser_takes(parser, "}"))
		return repeat_end(parser);
	if (parser_takes(parser, "let"))
		return let_read(parser);
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		if (parser_takes(parser, statements[i].word))
			return statement_read(parser, &statements[i]);
	}
	return parser_fail(parser,
			   "on, at, after, every, set, pull, toggle, press, pulse, blink, expect, order, never, "
			   "repeat, let or }");
}

int statements_read(struct parser *parser)
{
	while (parser->at < parser->lexer.n) {
		int ret = one_read(parser);

		if (ret < 0)
			return ret;
	}
	return step_is_missing(parser) ? parser_fail(parser, "toggle, press, pulse or blink") : 0;
}
