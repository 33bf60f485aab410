/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The cursor: blanks, words, quotes, and the column in a message. */
#include "config/lines_parser.h"

#include <stdio.h>
#include <string.h>

#include "config/words.h"

int lines_refuse_at(const struct lines_parser *parser, const char *at, const char *what)
{
	size_t column = (size_t)(at - parser->text) + 1;

	if (*at == '\0')
		return why_at(parser->why, parser->where, "%s, column %zu: %s at the end", parser->what, column, what);
	return why_at(parser->why, parser->where, "%s, column %zu: %s at \"%.24s\"", parser->what, column, what, at);
}

static void skip_blanks(struct lines_parser *parser)
{
	parser->at += strspn(parser->at, " \t");
}

bool lines_take(struct lines_parser *parser, char c)
{
	skip_blanks(parser);
	if (*parser->at != c)
		return false;
	parser->at++;
	skip_blanks(parser);
	return true;
}

int lines_word_take(struct lines_parser *parser, const char *ends, const char *wrong, const char *what,
		    struct lines_word *word)
{
	char expected[48];

	skip_blanks(parser);
	*word = (struct lines_word){ .at = parser->at, .quoted = *parser->at == '"' };
	if (word->quoted) {
		word->len = quoted_span(parser->at);
		if (word->len == 0)
			return lines_refuse_at(parser, parser->at, "unterminated quote");
	} else {
		size_t len = strcspn(parser->at, ends), good = strcspn(parser->at, wrong);

		if (good < len)
			return lines_refuse_at(parser, parser->at + good, "unquoted special character");
		word->len = blank_trim(parser->at, len);
	}
	if (word->len == 0) {
		snprintf(expected, sizeof(expected), "expected %s", what);
		return lines_refuse_at(parser, parser->at, expected);
	}
	parser->at += word->len;
	skip_blanks(parser);
	if (*parser->at && !strchr(ends, *parser->at))
		return lines_refuse_at(parser, parser->at, "unexpected text");
	return 0;
}
