/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Names: what the kernel can hold, and what the specification lets a guest see (virtio 1.3, 5.18.6.1: 7-bit ASCII). */
#include "config/name_word.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/words.h"

int name_word_read(const char *word, size_t len, char name[CHIP_NAME_MAX], char *why, size_t why_size)
{
	int name_len = (int)len;

	if (len > 0 && word[0] == '"')
		name_len = quoted_read(word, len, name, CHIP_NAME_MAX);
	else
		snprintf(name, CHIP_NAME_MAX, "%.*s", (int)len, word);
	if (name_len < 0) {
		snprintf(why, why_size, "%.*s: a backslash goes before \", \\ and ; only", word_shown(len), word);
		return -EINVAL;
	}
	if (name_len == 0) {
		snprintf(why, why_size, "\"\": a name is not empty");
		return -EINVAL;
	}
	if (name_len >= CHIP_NAME_MAX) {
		snprintf(why, why_size, "\"%s...\" has %d bytes, a name has at most %d", name, name_len,
			 CHIP_NAME_MAX - 1);
		return -EINVAL;
	}
	for (const char *c = name; *c; c++) {
		if (*c < ' ' || *c > '~') {
			snprintf(why, why_size, "\"%s\": a name is of printable ASCII", name);
			return -EINVAL;
		}
	}
	return 0;
}
