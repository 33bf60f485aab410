/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Names: what the kernel can hold, and what the specification lets a guest see (virtio 1.3, 5.18.6.1: 7-bit ASCII). */
#include "config/name_word.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/words.h"

int name_word_read(const char *word, size_t len, char name[CHIP_NAME_MAX], struct why *why)
{
	int name_len = (int)len;

	if (len > 0 && word[0] == '"')
		name_len = quoted_read(word, len, name, CHIP_NAME_MAX);
	else
		snprintf(name, CHIP_NAME_MAX, "%.*s", (int)len, word);
	if (name_len < 0)
		return why_fail(EINVAL, why, "%.*s: a backslash goes before \", \\ and ; only", word_shown(len), word);
	if (name_len == 0)
		return why_fail(EINVAL, why, "\"\": a name is not empty");
	if (name_len >= CHIP_NAME_MAX)
		return why_fail(EINVAL, why, "\"%s...\" has %d bytes, a name has at most %d", name, name_len,
				CHIP_NAME_MAX - 1);
	for (const char *c = name; *c; c++) {
		if (*c < ' ' || *c > '~')
			return why_fail(EINVAL, why, "\"%s\": a name is of printable ASCII", name);
	}
	return 0;
}
