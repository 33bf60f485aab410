/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What all readers of words need. */
#include "config/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A message is one line, whatever the word. */
#define WORD_SHOWN_MAX 64

size_t quoted_span(const char *text)
{
	for (size_t i = 1; text[i]; i++) {
		if (text[i] == '"')
			return i + 1;
		if (text[i] == '\\' && text[i + 1])
			i++;
	}
	return 0;
}

int quoted_read(const char *text, size_t len, char *word, size_t size)
{
	size_t n = 0;

	for (size_t i = 1; i + 1 < len; i++) {
		if (text[i] == '\\' && !strchr("\"\\;", text[++i]))
			return -EINVAL;
		if (n + 1 < size)
			word[n] = (char)(text[i] == '\n' ? ' ' : text[i]);
		n++;
	}
	word[n < size ? n : size - 1] = '\0';
	return (int)n;
}

void quoted_write(const char *word, char *text, size_t size)
{
	size_t n = 0;

	/* Per character at most two bytes; a quote and the end follow. */
	if (n + 1 < size)
		text[n++] = '"';
	for (; *word && n + 4 <= size; word++) {
		if (strchr("\"\\;", *word))
			text[n++] = '\\';
		text[n++] = *word;
	}
	snprintf(text + n, size - n, "\"");
}

bool word_is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+/-";

	return word[0] && strspn(word, plain) == strlen(word);
}

const char *unquoted_fault(const char *word, size_t len, bool has_blanks)
{
	if (len > 0 && word[0] == '\'')
		return "has single quotes, which quote nothing here: use double quotes";
	for (size_t i = 0; i < len; i++) {
		if (blank_span(word + i, 1) && !(has_blanks && i + 1 < len && word[i + 1] != '#'))
			return "has a blank outside of double quotes (a comment stands in a line of its own)";
	}
	return NULL;
}

int name_read(const char *where, const char *what, const char *word, size_t len, bool has_blanks,
	      char name[CHIP_NAME_MAX], struct why *why)
{
	bool quoted = len > 0 && word[0] == '"';
	const char *fault = quoted ? NULL : unquoted_fault(word, len, has_blanks);
	int name_len = (int)len;

	if (quoted && quoted_span(word) != len)
		return why_at(why, where, "%s %.*s does not end at its closing quote", what, word_shown(len), word);
	if (fault)
		return why_at(why, where, "%s \"%.*s\" %s", what, word_shown(len), word, fault);
	if (quoted)
		name_len = quoted_read(word, len, name, CHIP_NAME_MAX);
	else
		snprintf(name, CHIP_NAME_MAX, "%.*s", (int)len, word);
	if (name_len < 0)
		return why_at(why, where, "%s %.*s: a backslash may only precede \", \\ or ;", what, word_shown(len),
			      word);
	if (name_len == 0)
		return why_at(why, where, "%s \"\": a name cannot be empty", what);
	if (name_len >= CHIP_NAME_MAX)
		return why_at(why, where, "%s \"%s...\" is too long (%d bytes, at most %d)", what, name, name_len,
			      CHIP_NAME_MAX - 1);
	for (const char *c = name; *c; c++) {
		if (*c < ' ' || *c > '~')
			return why_at(why, where, "%s \"%s\": a name is printable ASCII only", what, name);
	}
	return 0;
}

size_t blank_span(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (text[n] == ' ' || text[n] == '\t'))
		n++;
	return n;
}

size_t blank_trim(const char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return len;
}

int word_shown(size_t len)
{
	return len < WORD_SHOWN_MAX ? (int)len : WORD_SHOWN_MAX;
}
