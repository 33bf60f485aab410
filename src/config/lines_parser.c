/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The cursor: blanks, words, quotes, and the place in a message. */
#include "config/lines_parser.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/name_word.h"
#include "config/words.h"

int lines_refuse_at(const struct lines_parser *parser, const char *at, const char *what)
{
	size_t left = strlen(at);
	size_t column = (size_t)(at - parser->text) + 1;

	if (left == 0)
		return why_at(parser->why, parser->guest->where, "%s, column %zu: %s at the end", parser->what, column,
			      what);
	return why_at(parser->why, parser->guest->where, "%s, column %zu: %s at \"%.*s\"", parser->what, column, what,
		      left < 24 ? (int)left : 24, at);
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
	char missing[48];

	skip_blanks(parser);
	*word = (struct lines_word){ .at = parser->at, .quoted = *parser->at == '"' };
	if (word->quoted) {
		word->len = quoted_span(parser->at);
		if (word->len == 0)
			return lines_refuse_at(parser, parser->at, "a quote without its end");
	} else {
		size_t len = strcspn(parser->at, ends);

		for (size_t i = 0; i < len; i++) {
			if (strchr(wrong, parser->at[i]))
				return lines_refuse_at(parser, parser->at + i, "a character that belongs in quotes,");
		}
		word->len = blank_trim(parser->at, len);
	}
	if (word->len == 0) {
		snprintf(missing, sizeof(missing), "%s is missing", what);
		return lines_refuse_at(parser, parser->at, missing);
	}
	parser->at += word->len;
	skip_blanks(parser);
	if (*parser->at && !strchr(ends, *parser->at))
		return lines_refuse_at(parser, parser->at, "something that does not belong here,");
	return 0;
}

int lines_name_read(const struct lines_parser *parser, const char *where, const struct lines_word *word,
		    const char *what, char name[CHIP_NAME_MAX])
{
	struct why why;

	if (name_word_read(word->at, word->len, name, &why) < 0)
		return why_at(parser->why, where, "%s %s", what, why.text);
	return 0;
}
