/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where the reader of a scenario is, what it takes there, and what it makes of it. */
#include "bench/parser.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/words.h"

#define ITEMS_MAX (4ul * SCENARIO_STEPS_MAX)

static int fail(const struct parser *parser, const char *text)
{
	if (!parser->name)
		return why_fail(EINVAL, parser->why, "%s", text);
	return why_fail(EINVAL, parser->why, "%s:%u: %s", parser->name, parser->row, text);
}

static const struct lexer_word *next(const struct parser *parser)
{
	return parser->at < parser->lexer.n ? &parser->lexer.words[parser->at] : NULL;
}

int parser_fail(const struct parser *parser, const char *expected)
{
	const struct lexer_word *word = next(parser);
	char text[256];

	if (word)
		snprintf(text, sizeof(text), "\"%.64s\": expected %s", word->text, expected);
	else
		snprintf(text, sizeof(text), "%s%.64s%s: expected %s", parser->at > 0 ? "behind \"" : "nothing",
			 parser->at > 0 ? parser->lexer.words[parser->at - 1].text : "", parser->at > 0 ? "\"" : "",
			 expected);
	return fail(parser, text);
}

int parser_fail_because(const struct parser *parser, const char *reason)
{
	char text[256];

	if (parser->at == 0)
		return fail(parser, reason);
	snprintf(text, sizeof(text), "\"%.64s\": %s", parser->lexer.words[parser->at - 1].text, reason);
	return fail(parser, text);
}

bool parser_sees(const struct parser *parser, const char *word)
{
	const struct lexer_word *there = next(parser);

	return there && !there->quoted && strcmp(there->text, word) == 0;
}

bool parser_takes(struct parser *parser, const char *word)
{
	bool there = parser_sees(parser, word);

	parser->at += there;
	return there;
}

bool parser_at_end(const struct parser *parser)
{
	return !next(parser) || parser_sees(parser, ";") || parser_sees(parser, "}");
}

const char *parser_word(struct parser *parser, const char *expected)
{
	static const char *const marks[] = { "=", "{", "}", ";", "±" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (!next(parser) || parser_sees(parser, marks[i])) {
			parser_fail(parser, expected);
			return NULL;
		}
	}
	return parser->lexer.words[parser->at++].text;
}

/* The word is none. */
static int quantity_fail(struct parser *parser, const char *expected)
{
	parser->at--;
	return parser_fail(parser, expected);
}

int parser_time(struct parser *parser, uint64_t *ns)
{
	static const char expected[] = "a time (80ms, 1.5s, 200us)";
	const char *word = parser_word(parser, expected);

	if (!word)
		return -EINVAL;
	return words_time(word, ns) < 0 ? quantity_fail(parser, expected) : 0;
}

int parser_count(struct parser *parser, uint64_t max, uint32_t *count)
{
	char expected[48];
	const char *word;

	snprintf(expected, sizeof(expected), "a number up to %llu", (unsigned long long)max);
	word = parser_word(parser, expected);
	if (!word)
		return -EINVAL;
	return words_count(word, max, count) < 0 ? quantity_fail(parser, expected) : 0;
}

int parser_rate(struct parser *parser, uint64_t *millihertz)
{
	static const char expected[] = "a rate (50Hz, 1.2kHz)";
	const char *word = parser_word(parser, expected);

	if (!word)
		return -EINVAL;
	return words_rate(word, millihertz) < 0 ? quantity_fail(parser, expected) : 0;
}

int parser_percent(struct parser *parser, uint64_t *hundredths)
{
	const char *word = parser_word(parser, "a percentage (5%)");

	if (!word)
		return -EINVAL;
	return words_percent(word, hundredths) < 0 ? quantity_fail(parser, "a percentage (5%)") : 0;
}

/* Makes room for one more element; n is a power of two, or 0, when there may be none left. */
static int reserve(const struct parser *parser, void **array, size_t n, size_t size, size_t max, const char *what)
{
	char text[64];
	void *larger;

	if (n >= max) {
		snprintf(text, sizeof(text), "more than %zu %s", max, what);
		return fail(parser, text);
	}
	if (n & (n - 1))
		return 0;
	larger = realloc(*array, (n > 0 ? 2 * n : 1) * size);
	if (!larger)
		return why_fail(ENOMEM, parser->why, "out of memory");
	*array = larger;
	return 0;
}

struct step *parser_step(struct parser *parser, enum step_kind kind)
{
	struct scenario *scenario = parser->scenario;
	void *steps = scenario->steps;

	if (reserve(parser, &steps, scenario->n_steps, sizeof(*scenario->steps), SCENARIO_STEPS_MAX, "steps") < 0)
		return NULL;
	scenario->steps = steps;
	scenario->steps[scenario->n_steps] =
		(struct step){ .kind = kind, .row = parser->row, .text = "", .item = (uint32_t)scenario->n_items };
	return &scenario->steps[scenario->n_steps++];
}

int parser_text(struct parser *parser, struct step *step, size_t from)
{
	struct scenario *scenario = parser->scenario;
	const struct lexer_word *words = parser->lexer.words;
	size_t start = words[from].from, end = words[parser->at - 1].to;
	void *texts = scenario->texts;

	if (reserve(parser, &texts, scenario->n_texts, sizeof(*scenario->texts), SCENARIO_STEPS_MAX, "steps") < 0)
		return -EINVAL;
	scenario->texts = texts;
	scenario->texts[scenario->n_texts] = strndup(parser->lexer.row + start, end - start);
	if (!scenario->texts[scenario->n_texts])
		return why_fail(ENOMEM, parser->why, "out of memory");
	step->text = scenario->texts[scenario->n_texts++];
	return 0;
}

int parser_item(struct parser *parser, struct step *step, const struct condition *item)
{
	struct scenario *scenario = parser->scenario;
	void *items = scenario->items;

	if (reserve(parser, &items, scenario->n_items, sizeof(*scenario->items), ITEMS_MAX, "words for lines") < 0)
		return -EINVAL;
	scenario->items = items;
	scenario->items[scenario->n_items++] = *item;
	step->n_items++;
	return 0;
}

int parser_line(struct parser *parser, const char *word, bool driven, uint16_t *line)
{
	struct scenario *scenario = parser->scenario;
	void *lines = scenario->lines;
	size_t i = 0;

	while (i < scenario->n_lines && strcmp(scenario->lines[i].word, word) != 0)
		i++;
	if (i == scenario->n_lines) {
		if (reserve(parser, &lines, i, sizeof(*scenario->lines), SCENARIO_LINES_MAX, "lines") < 0)
			return -EINVAL;
		scenario->lines = lines;
		scenario->lines[i] = (struct scenario_line){ .word = strdup(word), .row = parser->row };
		if (!scenario->lines[i].word)
			return why_fail(ENOMEM, parser->why, "out of memory");
		scenario->n_lines++;
	}
	if (driven && !scenario->lines[i].driven) {
		scenario->lines[i].driven = true;
		scenario->lines[i].row = parser->row;
	}
	*line = (uint16_t)i;
	return 0;
}
