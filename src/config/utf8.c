/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The rows are those of RFC 3629, section 4: what the first byte says of the others. */
#include "config/utf8.h"

#include <stdint.h>

#include "base/util.h"

static const struct {
	uint8_t first, last; /* the first byte */
	uint8_t low, high;   /* the second byte; those after it are 0x80 to 0xbf */
	uint8_t len;
} rows[] = {
	{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* The bytes of the character that text begins with; 0: it is none. */
static size_t character_len(const uint8_t *text, size_t len)
{
	size_t row = 0;

	while (row < ARRAY_SIZE(rows) && (text[0] < rows[row].first || text[0] > rows[row].last))
		row++;
	if (row == ARRAY_SIZE(rows) || rows[row].len > len)
		return 0;
	for (size_t i = 1; i < rows[row].len; i++) {
		if (text[i] < (i == 1 ? rows[row].low : 0x80) || text[i] > (i == 1 ? rows[row].high : 0xbf))
			return 0;
	}
	return rows[row].len;
}

size_t utf8_span(const char *text, size_t len)
{
	size_t at = 0, n;

	while (at < len && (n = character_len((const uint8_t *)text + at, len - at)) > 0)
		at += n;
	return at;
}
