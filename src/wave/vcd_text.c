/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A Value Change Dump as words. */
#include "wave/vcd_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define SHOWN_MAX 32 /* bytes of a word */

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct vcd_word vcd_text_next(struct vcd_text *text)
{
	struct vcd_word word;

	while (text->at < text->len && is_blank(text->text[text->at]))
		text->row += text->text[text->at++] == '\n';
	word = (struct vcd_word){ .text = text->text + text->at, .row = text->row };
	while (text->at + word.len < text->len && !is_blank(word.text[word.len]))
		word.len++;
	text->at += word.len;
	return word;
}

bool vcd_word_is(struct vcd_word word, const char *text)
{
	return strlen(text) == word.len && memcmp(word.text, text, word.len) == 0;
}

int vcd_text_fail(const struct vcd_text *text, struct vcd_word word, const char *expected)
{
	size_t len = word.len < SHOWN_MAX ? word.len : SHOWN_MAX;
	char shown[SHOWN_MAX + 1];

	for (size_t i = 0; i < len; i++)
		shown[i] = text_as_ascii(word.text[i]);
	shown[len] = '\0';
	if (len == 0)
		return why_fail(EINVAL, text->why, "%s:%u: the end of the file: expected %s", text->name, word.row,
				expected);
	return why_fail(EINVAL, text->why, "%s:%u: \"%s%s\": expected %s", text->name, word.row, shown,
			word.len > len ? "..." : "", expected);
}

int vcd_text_skip(struct vcd_text *text, struct vcd_word command)
{
	struct vcd_word word;

	do {
		word = vcd_text_next(text);
	} while (word.len > 0 && !vcd_word_is(word, "$end"));
	return word.len > 0 ? 0 : vcd_text_fail(text, command, "$end behind it");
}
