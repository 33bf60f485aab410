/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The grammar of lines, by recursive descent: one function a rule, each leaves "at" behind what it took. */
#include "config/lines_grammar.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "config/attributes.h"
#include "config/lines_parser.h"
#include "config/words.h"

static struct lines_parser parser_make(const char *where, const char *what, const char *text, struct why *why)
{
	struct lines_parser parser = { .what = what, .line = text, .at = text, .why = why };

	snprintf(parser.where, sizeof(parser.where), "%s", where);
	lines_skip_blanks(&parser);
	return parser;
}

static int no_memory(const struct lines_parser *parser, const char *what, unsigned max)
{
	if (errno != E2BIG)
		return -ENOMEM;
	return why_at(parser->why, parser->where, "lines: more than %u %s", max, what);
}

/* Which kind of chip the word, that is not quoted, means. */
static int chip_classify(const struct lines_parser *parser, struct config_chip *chip, const struct lines_word *word)
{
	static const char prefix[] = "gpiochip";
	size_t skip = strncmp(word->at, prefix, strlen(prefix)) == 0 && word->len > strlen(prefix) ? strlen(prefix) : 0;
	uint64_t number;
	int ret = decimal_parse_len(word->at + skip, word->len - skip, INT_MAX, &number);

	if (word->len >= sizeof(chip->word))
		return why_at(parser->why, parser->where, "chip \"%.*s\" is too long (%zu bytes, at most %zu)",
			      word_shown(word->len), word->at, word->len, sizeof(chip->word) - 1);
	snprintf(chip->word, sizeof(chip->word), "%.*s", (int)word->len, word->at);
	if (ret == -ERANGE)
		return why_at(parser->why, parser->where, "chip \"%.64s\": the number is too large", chip->word);
	if (ret == 0) {
		chip->kind = CONFIG_CHIP_NUMBER;
		chip->number = (unsigned)number;
	} else if (word->at[0] == '/') {
		const char *fault = unquoted_fault(word->at, word->len, true);

		chip->kind = CONFIG_CHIP_PATH;
		if (fault)
			return why_at(parser->why, parser->where, "chip \"%.*s\" %s", word_shown(word->len), word->at,
				      fault);
	} else if (strcmp(chip->word, "sim") == 0) {
		chip->kind = CONFIG_CHIP_SIM;
	} else {
		chip->kind = CONFIG_CHIP_LABEL;
		return name_read(parser->where, "chip", word->at, word->len, parser->alone, chip->word, parser->why);
	}
	return 0;
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
	return name_read(parser->where, "chip", word.at, word.len, parser->alone, chip->word, parser->why);
}

static int offset_read(const struct lines_parser *parser, const char *at, size_t len, uint32_t *offset)
{
	uint64_t number;

	if (decimal_parse_len(at, len, CHIP_LINES_MAX - 1, &number) < 0)
		return why_at(parser->why, parser->where, "line %.*s: out of range (a chip's last line is at most %d)",
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
		return why_at(parser->why, parser->where, "\"%.*s\" is neither an offset nor a range (quote a name)",
			      word_shown(word->len), word->at);
	ret = offset_read(parser, word->at, first_len, &line->first);
	line->last = line->first;
	if (ret == 0 && dash)
		ret = offset_read(parser, dash + 1, last_len, &line->last);
	if (ret == 0 && line->last < line->first)
		return why_at(parser->why, parser->where, "line %.*s: the range is reversed", word_shown(word->len),
			      word->at);
	return ret;
}

static void where_write(const char *where, struct config_line *line)
{
	size_t size = sizeof(line->where);

	if (line->by_name)
		snprintf(line->where, size, "%s: line \"%s\"", where, line->line_name);
	else if (line->first == line->last)
		snprintf(line->where, size, "%s: line %u", where, line->first);
	else
		snprintf(line->where, size, "%s: line %u-%u", where, line->first, line->last);
}

static int selector_take(struct lines_parser *parser, const char *ends, struct config_line *line)
{
	struct lines_word word;
	int ret = lines_word_take(parser, ends, "\"{@", "a line", &word);

	if (ret < 0)
		return ret;
	line->by_name = word.quoted || strspn(word.at, "0123456789-") < word.len;
	if (line->by_name)
		ret = name_read(parser->where, "line", word.at, word.len, parser->alone, line->line_name, parser->why);
	else
		ret = offsets_read(parser, &word, line);
	where_write(parser->where, line);
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
		return why_at(parser->why, line->where, "a range cannot have one name, \"%.*s\"", word_shown(word.len),
			      word.at);
	line->renamed = true;
	return name_read(line->where, "the name", word.at, word.len, false, line->name, parser->why);
}

static int attribute_take(struct lines_parser *parser, struct attributes *attributes)
{
	struct lines_word word, value = { 0 };
	int ret = lines_word_take(parser, "=,:}", "\"{@", "an attribute", &word);

	if (ret < 0)
		return ret;
	if (decimal_is(word.at, 1))
		return why_at(parser->why, attributes->line->where, "\"%.*s\" is no attribute (':' separates lines)",
			      word_shown(word.len), word.at);
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

/* Each line of a range is one. */
static int lines_count(struct guest_config *guest, const struct config_line *line, struct why *why)
{
	unsigned n = line->last - line->first + 1;

	if (n > CHIP_LINES_MAX - guest->n_lines)
		return why_at(why, line->where, "more than %d lines for the guest", CHIP_LINES_MAX);
	guest->n_lines += n;
	return 0;
}

static int line_parse(struct lines_parser *parser, struct guest_config *guest, struct config_chip *chip)
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
	return ret == 0 ? lines_count(guest, line, parser->why) : ret;
}

static int chip_parse(struct lines_parser *parser, struct guest_config *guest)
{
	struct config_chip *chip = guest_config_add_chip(guest);
	int ret;

	if (!chip)
		return no_memory(parser, "chips", CONFIG_CHIPS_MAX);
	memcpy(chip->where, parser->where, sizeof(chip->where));
	ret = chip_take(parser, "{@", chip);
	if (ret < 0)
		return ret;
	chip->whole = !lines_take(parser, '{');
	if (chip->whole)
		return 0;
	do {
		ret = line_parse(parser, guest, chip);
	} while (ret == 0 && lines_take(parser, ':'));
	if (ret == 0 && !lines_take(parser, '}'))
		return lines_refuse_at(parser, parser->at, "expected ':' or '}'");
	return ret;
}

int lines_parse(const char *where, const char *text, struct guest_config *guest, struct why *why)
{
	struct lines_parser parser = parser_make(where, "lines", text, why);
	int ret;

	do {
		if (!lines_take(&parser, '@'))
			return lines_refuse_at(&parser, parser.at, "expected '@' and a chip");
		ret = chip_parse(&parser, guest);
	} while (ret == 0 && *parser.at);
	return ret;
}

static int name_take(struct lines_parser *parser, char name[CHIP_NAME_MAX])
{
	struct lines_word word;
	int ret;

	if (*parser->at == ':' || *parser->at == '\0')
		return 0;
	ret = lines_word_take(parser, ":", "\"", "a name", &word);
	if (ret < 0 || (word.quoted && word.len == strlen("\"\"")))
		return ret;
	if (!word.quoted && memchr(word.at, ',', word.len))
		return why_at(parser->why, parser->where,
			      "names: \"%.*s\": ':' separates names (in double quotes it is one name)",
			      word_shown(word.len), word.at);
	return name_read(parser->where, "names:", word.at, word.len, false, name, parser->why);
}

int names_parse(const char *where, const char *text, struct guest_config *guest, struct why *why)
{
	struct lines_parser parser = parser_make(where, "names", text, why);
	unsigned n = 0;
	int ret;

	guest->sim_names = calloc(guest->sim, sizeof(*guest->sim_names));
	if (!guest->sim_names)
		return -ENOMEM;
	do {
		if (n == guest->sim)
			return why_at(why, where, "names: more names than the %u line%s of the chip", n,
				      n == 1 ? "" : "s");
		ret = name_take(&parser, guest->sim_names[n++]);
	} while (ret == 0 && lines_take(&parser, ':'));
	return ret;
}

int lines_chip_parse(const char *where, const char *text, struct config_chip *chip, struct why *why)
{
	struct lines_parser parser = parser_make(where, "chip", text, why);

	parser.alone = true;
	memcpy(chip->where, parser.where, sizeof(chip->where));
	return chip_take(&parser, "", chip);
}

int lines_line_parse(const char *where, const char *text, struct guest_config *guest, struct config_line *line,
		     struct why *why)
{
	struct lines_parser parser = parser_make(where, "line", text, why);
	int ret;

	parser.alone = true;
	ret = selector_take(&parser, "", line);

	if (ret == 0 && line->first != line->last)
		return why_at(why, line->where, "expected one line, not a range");
	return ret == 0 ? lines_count(guest, line, why) : ret;
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
