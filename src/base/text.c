/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Text in the words of a peer or a user. */
#include "base/text.h"

#include <stdbool.h>

/* Bytes that follow this one in UTF-8. */
static unsigned followers(unsigned char c)
{
	return c > 0xf4 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : 0;
}

/* U+0080 to U+009F are control characters, too, and so are these bytes to a terminal that knows no UTF-8. */
void text_make_line(char *text)
{
	unsigned left = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];
		bool follows = c >= 0x80 && c < 0xc0;

		if ((follows && left == 0) || (c == 0xc2 && next >= 0x80 && next < 0xa0)) {
			*text = '?';
			left = 0;
		} else {
			left = follows ? left - 1 : followers(c);
			*text = text_as_line(*text);
		}
	}
}

uint32_t text_hash(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

void text_make_ascii(char *text)
{
	for (; *text; text++)
		*text = text_as_ascii(*text);
}
