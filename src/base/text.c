/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Text in the words of a peer or a user. */
#include "base/text.h"

void text_make_line(char *text)
{
	for (; *text; text++)
		*text = text_as_line(*text);
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
