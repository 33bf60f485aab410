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
			word[n] = text[i];
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
