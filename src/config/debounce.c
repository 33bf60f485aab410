/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Debounce periods: a number and its unit. */
#include "config/debounce.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/util.h"
#include "config/words.h"

static const struct {
	const char *word;
	uint32_t us;
} units[] = {
	{ "s", 1000000 },
	{ "ms", 1000 },
	{ "us", 1 },
};

int debounce_parse(const char *word, size_t len, uint32_t *debounce_us, struct why *why)
{
	size_t n_digits = 0;

	while (n_digits < len && decimal_is(word + n_digits, 1))
		n_digits++;
	if (n_digits > 0 && n_digits == len)
		return why_fail(EINVAL, why, "\"%.*s\" has no unit (us, ms, s); did you mean \"%.*sms\"?",
				word_shown(len), word, word_shown(len), word);
	for (size_t i = 0; i < ARRAY_SIZE(units) && n_digits > 0; i++) {
		uint32_t max = UINT32_MAX / units[i].us;
		uint64_t count;

		if (strlen(units[i].word) != len - n_digits ||
		    memcmp(units[i].word, word + n_digits, len - n_digits) != 0)
			continue;
		if (decimal_parse_len(word, n_digits, max, &count) < 0 || count == 0)
			return why_fail(EINVAL, why, "\"%.*s\" is not from 1us to %luus", word_shown(len), word,
					(unsigned long)UINT32_MAX);
		*debounce_us = (uint32_t)count * units[i].us;
		return 0;
	}
	return why_fail(EINVAL, why, "\"%.*s\" is no time (200us, 5ms, 1s)", word_shown(len), word);
}

void debounce_write(uint32_t debounce_us, char *text, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (debounce_us % units[i].us == 0) {
			snprintf(text, size, "=%lu%s", (unsigned long)(debounce_us / units[i].us), units[i].word);
			return;
		}
	}
}
