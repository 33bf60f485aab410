/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Text in the words of a peer or a user: made fit to be shown, what must not be there becomes '?'; and its hash. */
#pragma once

#include <stdint.h>

/* For one line on a terminal: no control character. Other bytes, which may be UTF-8, stay. */
static inline char text_as_line(char c)
{
	if ((unsigned char)c < ' ' || c == 0x7f)
		return '?';
	return c;
}

/* Printable ASCII only. */
static inline char text_as_ascii(char c)
{
	if (c < ' ' || c > '~')
		return '?';
	return c;
}

/* The whole text, where it stands. A line's control characters are also those of UTF-8, and bytes that are none. */
void text_make_line(char *text);
void text_make_ascii(char *text);

/* FNV-1a, for tables of names: who wants to can make names that collide. */
uint32_t text_hash(const char *text);
