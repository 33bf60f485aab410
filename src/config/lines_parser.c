/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The cursor: blanks, words, quotes, and the column in a message. */
#include "config/lines_parser.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "config/words.h"

#define SHOWN_MAX 24

int lines_refuse_at(const struct lines_parser *parser, const char *at, const char *what)
{
	size_t column = (size_t)(at - parser->line) + 1, shown = strcspn(at, "\n");

	if (*at == '\0')
		return why_at(parser->why, parser->where, "%s, column %zu: %s at the end", parser->what, column, what);
	return why_at(parser->why, parser->where, "%s, column %zu: %s at \"%.*s\"", parser->what, column, what,
		      shown < SHOWN_MAX ? (int)shown : SHOWN_MAX, at);
}

/* "ivi.conf:3" becomes "ivi.conf:4"; in words of a command line lines have no number. */
static void where_next_line(char where[CONFIG_WHERE_MAX])
{
	char *colon = strrchr(where, ':');
	uint64_t number;

	if (colon && decimal_parse(colon + 1, UINT32_MAX - 1, &number) == 0)
		snprintf(colon + 1, CONFIG_WHERE_MAX - (size_t)(colon + 1 - where), "%u", (unsigned)number + 1);
}

static void advance(struct lines_parser *parser, size_t len)
{
	for (const char *end = parser->at + len; parser->at < end; parser->at++) {
		if (*parser->at != '\n')
			continue;
		parser->line = parser->at + 1;
		where_next_line(parser->where);
	}
}

void lines_skip_blanks(struct lines_parser *parser)
{
	advance(parser, strspn(parser->at, " \t\n"));
}

bool lines_take(struct lines_parser *parser, char c)
{
	lines_skip_blanks(parser);
	if (*parser->at != c)
		return false;
	parser->at++;
	lines_skip_blanks(parser);
	return true;
}

/* No further: there may be 65,535 words. */
static size_t word_span(const char *text, const char *ends)
{
	size_t len = 0;

	while (text[len] && text[len] != '\n' && !strchr(ends, text[len]))
		len++;
	return len;
}

int lines_word_take(struct lines_parser *parser, const char *ends, const char *wrong, const char *what,
		    struct lines_word *word)
{
	char expected[48];

	lines_skip_blanks(parser);
	*word = (struct lines_word){ .at = parser->at, .quoted = *parser->at == '"' };
	if (word->quoted) {
		word->len = quoted_span(parser->at);
		if (word->len == 0)
			return lines_refuse_at(parser, parser->at, "unterminated quote");
	} else {
		size_t len = word_span(parser->at, ends), good = 0;

		while (good < len && !strchr(wrong, parser->at[good]))
			good++;
		if (good < len)
			return lines_refuse_at(parser, parser->at + good, "unquoted special character");
		word->len = blank_trim(parser->at, len);
	}
	if (word->len == 0) {
		snprintf(expected, sizeof(expected), "expected %s", what);
		return lines_refuse_at(parser, parser->at, expected);
	}
	advance(parser, word->len);
	lines_skip_blanks(parser);
	if (*parser->at && !strchr(ends, *parser->at))
		return lines_refuse_at(parser, parser->at, "unexpected text");
	return 0;
}
