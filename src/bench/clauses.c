/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Parts of steps. */
#include "bench/clauses.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "bench/words.h"

#define COUNT_MAX 1000000u

static const struct {
	const char *word;
	struct condition condition;
} states[] = {
	{ "rising", { .kind = CONDITION_RISING } },
	{ "falling", { .kind = CONDITION_FALLING } },
	{ "changes", { .kind = CONDITION_EDGE } },
	{ "input", { .kind = CONDITION_DIRECTION, .value = LINE_DIRECTION_INPUT } },
	{ "output", { .kind = CONDITION_DIRECTION, .value = LINE_DIRECTION_OUTPUT } },
};

/* What follows the line. */
static int state_take(struct parser *parser, bool bare, struct condition *condition)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (parser_takes(parser, states[i].word)) {
			*condition = states[i].condition;
			return 0;
		}
	}
	if (parser_takes(parser, "=")) {
		bool high = parser_takes(parser, "1") || parser_takes(parser, "active");

		if (!high && !parser_takes(parser, "0") && !parser_takes(parser, "inactive"))
			return parser_fail(parser, "0 or 1");
		*condition = (struct condition){ .kind = CONDITION_LEVEL, .value = high };
		return 0;
	}
	*condition = (struct condition){ .kind = CONDITION_EDGE };
	return bare ? 0 : parser_fail(parser, "=0, =1, rising, falling, changes, input or output");
}

int clause_condition(struct parser *parser, bool bare, struct condition *condition)
{
	const char *word = parser_word(parser, "a line");
	uint16_t line;

	if (!word || parser_line(parser, word, false, &line) < 0 || state_take(parser, bare, condition) < 0)
		return -EINVAL;
	condition->line = line;
	return 0;
}

static int pulses_take(struct parser *parser, struct expectation *expectation)
{
	const char *word = parser_word(parser, "a line");

	expectation->pulses = true;
	expectation->off_hundredths = 500;
	if (!word || parser_line(parser, word, false, &expectation->condition.line) < 0 ||
	    parser_count(parser, COUNT_MAX, &expectation->count) < 0)
		return -EINVAL;
	if (parser_takes(parser, "±") && parser_count(parser, COUNT_MAX, &expectation->spare) < 0)
		return -EINVAL;
	if (!parser_takes(parser, "at"))
		return 0;
	if (parser_rate(parser, &expectation->millihertz) < 0)
		return -EINVAL;
	expectation->within_ns = expectation->count * 1000000000000u / expectation->millihertz;
	return parser_takes(parser, "±") ? parser_percent(parser, &expectation->off_hundredths) : 0;
}

static int times_take(struct parser *parser, struct expectation *expectation)
{
	bool edge = expectation->pulses || condition_is_edge(&expectation->condition);

	while (!parser_at_end(parser)) {
		if (parser_takes(parser, "within")) {
			if (parser_time(parser, &expectation->within_ns) < 0)
				return -EINVAL;
		} else if (!edge && parser_takes(parser, "for")) {
			if (parser_time(parser, &expectation->for_ns) < 0)
				return -EINVAL;
		} else {
			return parser_fail(parser, edge ? "within TIME" : "within TIME or for TIME");
		}
	}
	if (expectation->within_ns > 0 || expectation->for_ns > 0)
		return 0;
	return parser_fail(parser, edge ? "within TIME" : "within TIME or for TIME");
}

int clause_expectation(struct parser *parser, struct expectation *expectation)
{
	int ret;

	*expectation = (struct expectation){ .within_ns = 0 };
	if (parser_takes(parser, "pulses"))
		ret = pulses_take(parser, expectation);
	else
		ret = clause_condition(parser, false, &expectation->condition);
	return ret < 0 ? ret : times_take(parser, expectation);
}

static int press_take(struct parser *parser, struct stimulus_spec *spec)
{
	spec->length_ns = STIMULUS_HOLD_NS;
	while (!parser_at_end(parser)) {
		const char *word;

		if (parser_takes(parser, "hold") || parser_takes(parser, "--hold")) {
			if (parser_time(parser, &spec->length_ns) < 0)
				return -EINVAL;
			continue;
		}
		if (!parser_takes(parser, "bounce") && !parser_takes(parser, "--bounce"))
			return parser_fail(parser, "hold TIME or bounce TIME[,SEED]");
		word = parser_word(parser, "TIME[,SEED]");
		if (!word)
			return -EINVAL;
		if (words_bounce(word, &spec->bounce_ns, &spec->seed) < 0)
			return parser_fail_because(parser, "expected TIME[,SEED] (5ms, 5ms,7)");
	}
	return 0;
}

static int blink_take(struct parser *parser, struct stimulus_spec *spec)
{
	uint64_t millihertz;

	if (!parser_takes(parser, "--hz"))
		parser_takes(parser, "at");
	if (parser_rate(parser, &millihertz) < 0)
		return -EINVAL;
	spec->length_ns = 1000000000000u / millihertz;
	if (parser_takes(parser, "count") || parser_takes(parser, "--count"))
		return parser_count(parser, COUNT_MAX, &spec->count);
	return 0;
}

int clause_stimulus(struct parser *parser, enum stimulus_kind kind, struct stimulus_spec *spec)
{
	int ret;

	*spec = (struct stimulus_spec){ .kind = kind };
	if (kind == STIMULUS_PULSE)
		ret = parser_time(parser, &spec->length_ns);
	else
		ret = kind == STIMULUS_PRESS ? press_take(parser, spec) : blink_take(parser, spec);
	if (ret == 0 && !stimulus_is_good(spec))
		ret = parser_fail_because(parser, "too short");
	return ret;
}
