/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A row of a scenario as words. */
#include "bench/lexer.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The parameter that '$' at text is the start of. Moves *text behind it. NULL: why. */
static const char *parameter_value(const char **text, struct parameters *parameters, struct why *why)
{
	const char *name = *text + 1;
	bool braces = *name == '{';
	size_t len = parameter_name_len(name + braces);
	const char *value;

	if (*name == '$') {
		*text += 2;
		return "$";
	}
	if (len == 0 || (braces && name[1 + len] != '}')) {
		why_fail(EINVAL, why, "\"%.32s\": expected $NAME, ${NAME} or $$", *text);
		return NULL;
	}
	value = parameters_use(parameters, name + braces, len);
	if (!value)
		why_fail(EINVAL, why, "unknown parameter \"%.*s\"; let %.*s = ..., or --set", (int)len, name + braces,
			 (int)len, name + braces);
	*text = name + len + (braces ? 2 : 0);
	return value;
}

static int row_add(struct lexer *lexer, size_t *at, const char *text, size_t len, struct why *why)
{
	if (*at + len >= sizeof(lexer->row))
		return why_fail(EINVAL, why, "the line is longer than %d bytes", LEXER_ROW_MAX - 1);
	memcpy(lexer->row + *at, text, len);
	*at += len;
	lexer->row[*at] = '\0';
	return 0;
}

/* text ends with a zero. Parameters in quotes are replaced, too; not those in a comment, which is left out. */
static int row_expand(struct lexer *lexer, const char *text, struct parameters *parameters, struct why *why)
{
	bool quoted = false;
	size_t at = 0;
	int ret = 0;

	lexer->row[0] = '\0';
	while (*text && ret == 0) {
		const char *value;

		if (*text == '#' && !quoted && (at == 0 || is_blank(lexer->row[at - 1])))
			break;
		if (*text == '$') {
			value = parameter_value(&text, parameters, why);
			ret = value ? row_add(lexer, &at, value, strlen(value), why) : -EINVAL;
			continue;
		}
		if (quoted && *text == '\\' && text[1])
			ret = row_add(lexer, &at, text++, 1, why);
		else if (*text == '"')
			quoted = !quoted;
		if (ret == 0)
			ret = row_add(lexer, &at, text++, 1, why);
	}
	return ret;
}

/* How long the word is that is one by itself and stands at text, and what it is; 0: there is none. */
static size_t mark_len(const char *text, const char **word)
{
	static const struct {
		const char *text, *word;
	} marks[] = { { "=", "=" }, { "{", "{" },  { "}", "}" },  { ";", ";" },
		      { "±", "±" }, { "+-", "±" }, { "+/-", "±" } };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		if (strncmp(text, marks[i].text, strlen(marks[i].text)) == 0) {
			*word = marks[i].word;
			return strlen(marks[i].text);
		}
	}
	return 0;
}

/* Copies a quoted part to *out. Returns its length in the row with both quotes; 0: it has no end. */
static size_t quoted_copy(const char *text, char **out)
{
	const char *at = text + 1;

	for (; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1])
			at++;
		*(*out)++ = *at;
	}
	return *at ? (size_t)(at + 1 - text) : 0;
}

/* The word at *at, copied to *out. */
static int word_take(struct lexer *lexer, size_t *at, char **out, struct why *why)
{
	struct lexer_word *word = &lexer->words[lexer->n];
	const char *row = lexer->row, *mark;
	size_t len = mark_len(row + *at, &mark);

	*word = (struct lexer_word){ .text = len > 0 ? mark : *out, .from = *at };
	*at += len;
	while (len == 0 && row[*at] && !is_blank(row[*at]) && mark_len(row + *at, &mark) == 0) {
		size_t quoted = row[*at] == '"' ? quoted_copy(row + *at, out) : 1;

		if (quoted == 0)
			return why_fail(EINVAL, why, "\"%.32s\": the quotes have no end", row + *at);
		if (row[*at] == '"')
			word->quoted = true;
		else
			*(*out)++ = row[*at];
		*at += quoted;
	}
	word->to = *at;
	*(*out)++ = '\0';
	lexer->n++;
	return 0;
}

static int words_take(struct lexer *lexer, struct why *why)
{
	char *out = lexer->texts;
	size_t at = 0;

	lexer->n = 0;
	while (true) {
		while (is_blank(lexer->row[at]))
			at++;
		if (!lexer->row[at])
			return 0;
		if (lexer->n == LEXER_WORDS_MAX)
			return why_fail(EINVAL, why, "more than %d words in a line", LEXER_WORDS_MAX);
		if (word_take(lexer, &at, &out, why) < 0)
			return -EINVAL;
	}
}

int lexer_row(struct lexer *lexer, const char *row, size_t len, struct parameters *parameters, struct why *why)
{
	char text[LEXER_ROW_MAX];

	if (len >= sizeof(text))
		return why_fail(EINVAL, why, "the line is longer than %d bytes", LEXER_ROW_MAX - 1);
	if (memchr(row, '\0', len))
		return why_fail(EINVAL, why, "a zero byte");
	memcpy(text, row, len);
	text[len] = '\0';
	return row_expand(lexer, text, parameters, why) < 0 ? -EINVAL : words_take(lexer, why);
}

static int argument_add(struct lexer *lexer, const char *text, size_t len, struct why *why)
{
	size_t used = lexer->n > 0 ? lexer->words[lexer->n - 1].to : 0;
	char *copy = lexer->texts + used;

	if (lexer->n == LEXER_WORDS_MAX || used + len >= sizeof(lexer->texts))
		return why_fail(EINVAL, why, "too many words");
	memcpy(copy, text, len);
	copy[len] = '\0';
	lexer->words[lexer->n++] = (struct lexer_word){ .text = copy, .from = used, .to = used + len + 1 };
	return 0;
}

int lexer_argument(struct lexer *lexer, const char *argument, struct why *why)
{
	const char *equals = strrchr(argument, '=');
	int ret = 0;

	if (!equals)
		return argument_add(lexer, argument, strlen(argument), why);
	if (equals > argument)
		ret = argument_add(lexer, argument, (size_t)(equals - argument), why);
	if (ret == 0)
		ret = argument_add(lexer, "=", 1, why);
	return ret == 0 && equals[1] ? argument_add(lexer, equals + 1, strlen(equals + 1), why) : ret;
}
