/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The grammar of lines, by recursive descent: one function a rule, each leaves "at" behind what it took. */
#include "config/lines_grammar.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "config/attributes.h"
#include "config/lines_parser.h"
#include "config/words.h"

#define CHIP_PATH_SIZE sizeof(((struct chip_spec *)NULL)->path)

static int no_memory(const struct lines_parser *parser, const char *what, unsigned max)
{
	if (errno != E2BIG)
		return -ENOMEM;
	return why_at(parser->why, parser->guest->where, "lines: more than %u %s", max, what);
}

static int chip_number(const struct lines_parser *parser, struct config_chip *chip, const char *digits)
{
	uint64_t number;

	if (decimal_parse(digits, INT_MAX, &number) < 0)
		return why_at(parser->why, parser->guest->where, "chip \"%.64s\": the number is too big", chip->word);
	chip->kind = CONFIG_CHIP_NUMBER;
	chip->number = (unsigned)number;
	return 0;
}

/* Which kind of chip the word, that is not quoted, means. */
static int chip_classify(const struct lines_parser *parser, struct config_chip *chip, const struct lines_word *word)
{
	static const char prefix[] = "gpiochip";
	size_t prefix_len = sizeof(prefix) - 1;

	if (word->len >= sizeof(chip->word) || (word->at[0] == '/' && word->len >= CHIP_PATH_SIZE))
		return why_at(parser->why, parser->guest->where, "chip \"%.*s\": the path has %zu bytes, at most %zu",
			      word_shown(word->len), word->at, word->len, CHIP_PATH_SIZE - 1);
	for (size_t i = 0; i < word->len; i++) {
		chip->word[i] = word->at[i];
		if ((unsigned char)word->at[i] < ' ' || word->at[i] == 0x7f)
			return why_at(parser->why, parser->guest->where, "chip \"%.*s\" has a control character",
				      word_shown(word->len), word->at);
	}
	chip->word[word->len] = '\0';
	if (decimal_is(word->at, word->len))
		return chip_number(parser, chip, chip->word);
	if (strncmp(chip->word, prefix, prefix_len) == 0 && decimal_is(word->at + prefix_len, word->len - prefix_len))
		return chip_number(parser, chip, chip->word + prefix_len);
	if (chip->word[0] == '/') {
		chip->kind = CONFIG_CHIP_PATH;
		return 0;
	}
	if (strcmp(chip->word, "sim") == 0) {
		chip->kind = CONFIG_CHIP_SIM;
		return 0;
	}
	chip->kind = CONFIG_CHIP_LABEL;
	return lines_name_read(parser, parser->guest->where, word, "chip", chip->word);
}

static int chip_take(struct lines_parser *parser, const char *ends, struct config_chip *chip)
{
	struct lines_word word;
	int ret = lines_word_take(parser, ends, "\"}", "a chip", &word);

	if (ret < 0)
		return ret;
	if (!word.quoted)
		return chip_classify(parser, chip, &word);
	chip->kind = CONFIG_CHIP_LABEL;
	return lines_name_read(parser, parser->guest->where, &word, "chip", chip->word);
}

static int offset_read(const struct lines_parser *parser, const char *at, size_t len, uint32_t *offset)
{
	uint64_t number;

	if (decimal_parse_len(at, len, CHIP_LINES_MAX - 1, &number) < 0)
		return why_at(parser->why, parser->guest->where, "line %.*s: a chip's last line is at most %d",
			      word_shown(len), at, CHIP_LINES_MAX - 1);
	*offset = (uint32_t)number;
	return 0;
}

/* "17" or "4-7", or anything else that begins with a digit and looks like these. */
static int offsets_read(const struct lines_parser *parser, const struct lines_word *word, struct config_line *line)
{
	const char *dash = memchr(word->at, '-', word->len);
	size_t first_len = dash ? (size_t)(dash - word->at) : word->len;
	size_t last_len = dash ? word->len - first_len - 1 : 0;
	int ret;

	if (!decimal_is(word->at, first_len) || (dash && !decimal_is(dash + 1, last_len)))
		return why_at(parser->why, parser->guest->where,
			      "\"%.*s\" is neither a line nor a range of lines; a name goes in quotes then",
			      word_shown(word->len), word->at);
	ret = offset_read(parser, word->at, first_len, &line->first);
	line->last = line->first;
	if (ret == 0 && dash)
		ret = offset_read(parser, dash + 1, last_len, &line->last);
	if (ret == 0 && line->last < line->first)
		return why_at(parser->why, parser->guest->where, "line %.*s: the range runs backwards",
			      word_shown(word->len), word->at);
	return ret;
}

static void where_write(const struct lines_parser *parser, struct config_line *line)
{
	size_t size = sizeof(line->where);
	const char *place = parser->guest->where;

	if (line->by_name)
		snprintf(line->where, size, "%s: line \"%s\"", place, line->line_name);
	else if (line->first == line->last)
		snprintf(line->where, size, "%s: line %u", place, line->first);
	else
		snprintf(line->where, size, "%s: line %u-%u", place, line->first, line->last);
}

static int selector_take(struct lines_parser *parser, const char *ends, struct config_line *line)
{
	struct lines_word word;
	int ret = lines_word_take(parser, ends, "\"{@", "a line", &word);

	if (ret < 0)
		return ret;
	line->by_name = word.quoted || strspn(word.at, "0123456789-") < word.len;
	if (line->by_name)
		ret = lines_name_read(parser, parser->guest->where, &word, "line", line->line_name);
	else
		ret = offsets_read(parser, &word, line);
	if (ret == 0)
		where_write(parser, line);
	return ret;
}

static int line_name_take(struct lines_parser *parser, struct config_line *line)
{
	struct lines_word word;
	int ret;

	if (!lines_take(parser, '='))
		return 0;
	ret = lines_word_take(parser, ",:}", "\"{@=", "a name", &word);
	if (ret < 0)
		return ret;
	if (line->first != line->last)
		return why_at(parser->why, line->where, "a range can not get one name, \"%.*s\"", word_shown(word.len),
			      word.at);
	line->renamed = true;
	return lines_name_read(parser, line->where, &word, "the name", line->name);
}

static int attribute_take(struct lines_parser *parser, struct attributes *attributes)
{
	struct lines_word word, value = { 0 };
	int ret = lines_word_take(parser, "=,:}", "\"{@", "an attribute", &word);

	if (ret < 0)
		return ret;
	if (lines_take(parser, '=')) {
		ret = lines_word_take(parser, ",:}", "\"{@=", "a value", &value);
		if (ret < 0)
			return ret;
	}
	return attributes_take(attributes, word.at, word.len, value.at, value.len);
}

static int attributes_parse(struct lines_parser *parser, struct config_line *line)
{
	struct attributes attributes = { .line = line, .why = parser->why };
	int ret = 0;

	while (ret == 0 && lines_take(parser, ','))
		ret = attribute_take(parser, &attributes);
	return ret == 0 ? attributes_check(&attributes) : ret;
}

/* The first line in a new pair of braces is one more of the guest's, and so is each line of a range. */
static int lines_count(const struct lines_parser *parser, const struct config_line *line)
{
	unsigned n = line->last - line->first + 1;

	if (n > CHIP_LINES_MAX - parser->guest->n_lines)
		return why_at(parser->why, line->where, "more than %d lines for the guest", CHIP_LINES_MAX);
	parser->guest->n_lines += n;
	return 0;
}

static int line_parse(struct lines_parser *parser, struct config_chip *chip)
{
	struct config_line *line = config_chip_add_line(chip);
	int ret;

	if (!line)
		return no_memory(parser, "lines", CHIP_LINES_MAX);
	ret = selector_take(parser, "=,:}", line);
	if (ret == 0)
		ret = line_name_take(parser, line);
	if (ret == 0)
		ret = attributes_parse(parser, line);
	return ret == 0 ? lines_count(parser, line) : ret;
}

static int chip_parse(struct lines_parser *parser)
{
	struct config_chip *chip = guest_config_add_chip(parser->guest);
	int ret;

	if (!chip)
		return no_memory(parser, "chips", CONFIG_CHIPS_MAX);
	ret = chip_take(parser, "{@", chip);
	if (ret < 0)
		return ret;
	chip->whole = !lines_take(parser, '{');
	if (chip->whole)
		return 0;
	do {
		ret = line_parse(parser, chip);
	} while (ret == 0 && lines_take(parser, ':'));
	if (ret == 0 && !lines_take(parser, '}'))
		return lines_refuse_at(parser, parser->at, "':' or '}' is missing");
	return ret;
}

static struct lines_parser parser_make(const char *what, const char *text, struct guest_config *guest, struct why *why)
{
	return (struct lines_parser){ what, text, text, guest, why };
}

int lines_parse(const char *text, struct guest_config *guest, struct why *why)
{
	struct lines_parser parser = parser_make("lines", text, guest, why);
	int ret;

	do {
		if (!lines_take(&parser, '@'))
			return lines_refuse_at(&parser, parser.at, "'@' and a chip are missing");
		ret = chip_parse(&parser);
	} while (ret == 0 && *parser.at);
	return ret;
}

int lines_chip_parse(const char *text, struct guest_config *guest, struct config_chip *chip, struct why *why)
{
	struct lines_parser parser = parser_make("chip", text, guest, why);

	return chip_take(&parser, "", chip);
}

int lines_line_parse(const char *text, struct guest_config *guest, struct config_line *line, struct why *why)
{
	struct lines_parser parser = parser_make("line", text, guest, why);
	int ret = selector_take(&parser, "", line);

	if (ret == 0 && line->first != line->last)
		return why_at(parser.why, line->where, "one line is wanted here, not a range");
	return ret == 0 ? lines_count(&parser, line) : ret;
}

size_t lines_span(const char *text, bool braces)
{
	unsigned depth = 0;
	size_t i = 0;

	while (text[i]) {
		size_t quoted = text[i] == '"' ? quoted_span(text + i) : 0;

		if (text[i] == '"' && quoted == 0)
			return i + strlen(text + i);
		if (text[i] == ',' && depth == 0)
			break;
		if (braces && text[i] == '{')
			depth++;
		else if (text[i] == '}' && depth > 0)
			depth--;
		i += quoted ? quoted : 1;
	}
	return i;
}
