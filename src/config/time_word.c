/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Times: numbers with a unit. */
#include "config/time_word.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/util.h"
#include "config/words.h"

/* The largest first. */
static const struct {
	const char *word;
	uint32_t us;
} units[] = { { "s", 1000000 }, { "ms", 1000 }, { "us", 1 } };

static size_t unit_find(const char *word, size_t len)
{
	size_t unit = 0;

	while (unit < ARRAY_SIZE(units) &&
	       (strlen(units[unit].word) != len || memcmp(units[unit].word, word, len) != 0))
		unit++;
	return unit;
}

int time_read(const char *where, const char *what, const char *word, size_t len, const struct time_range *range,
	      uint32_t *us, struct why *why)
{
	size_t n_digits = 0, unit;
	uint64_t count;

	while (n_digits < len && decimal_is(word + n_digits, 1))
		n_digits++;
	if (n_digits > 0 && n_digits == len)
		return why_at(why, where, "%s: \"%.*s\" has no unit (us, ms, s); did you mean \"%.*sms\"?", what,
			      word_shown(len), word, word_shown(len), word);
	unit = unit_find(word + n_digits, len - n_digits);
	if (unit == ARRAY_SIZE(units) || n_digits == 0)
		return why_at(why, where, "%s: \"%.*s\" is not a time (200us, 5ms, 1s)", what, word_shown(len), word);
	if (decimal_parse_len(word, n_digits, range->max_us / units[unit].us, &count) < 0 ||
	    count * units[unit].us < range->min_us)
		return why_at(why, where, "%s: \"%.*s\" is out of range (%luus to %luus)", what, word_shown(len), word,
			      (unsigned long)range->min_us, (unsigned long)range->max_us);
	*us = (uint32_t)count * units[unit].us;
	return 0;
}

void time_print(uint32_t us, char text[TIME_WORD_MAX])
{
	size_t unit = 0;

	while (us % units[unit].us != 0)
		unit++;
	snprintf(text, TIME_WORD_MAX, "%u%s", us / units[unit].us, units[unit].word);
}
