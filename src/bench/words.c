/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Quantities as people write them. */
#include "bench/words.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/decimal.h"
#include "base/util.h"

#define DIGITS_MAX 9 /* before the point, and behind it */

struct unit {
	const char *name;
	uint64_t scale;
};

static const struct unit times[] = { { "ns", 1 },	{ "us", 1000 },	     { "µs", 1000 },
				     { "ms", 1000000 }, { "s", 1000000000 }, { "min", 60000000000 } };
static const struct unit rates[] = { { "mHz", 1 }, { "Hz", 1000 }, { "kHz", 1000000 }, { "MHz", 1000000000 } };
static const struct unit sizes[] = { { "B", 1 },	  { "kB", 1000 },	{ "KiB", 1u << 10 }, { "MB", 1000000 },
				     { "MiB", 1u << 20 }, { "GB", 1000000000 }, { "GiB", 1u << 30 } };
static const struct unit factors[] = { { "", 1000 } };
static const struct unit percents[] = { { "%", 100 } };

static size_t digits_len(const char *word)
{
	return strspn(word, "0123456789");
}

/* What is behind the point, in parts of scale. */
static uint64_t fraction_of(const char *digits, size_t len, uint64_t scale)
{
	uint64_t value = 0, tenth = scale;

	/* Tenths of tenths: the rest of each division is below one. */
	for (size_t i = 0; i < len; i++) {
		tenth /= 10;
		value += (uint64_t)(digits[i] - '0') * tenth;
	}
	return value;
}

static int quantity_parse(const char *word, const struct unit *units, size_t n, uint64_t *value)
{
	size_t whole = digits_len(word), part = word[whole] == '.' ? digits_len(word + whole + 1) : 0;
	const char *unit = word + whole + (part > 0 ? part + 1 : 0);
	uint64_t number;

	if (whole == 0 || whole > DIGITS_MAX || part > DIGITS_MAX ||
	    decimal_parse_len(word, whole, WORDS_VALUE_MAX, &number) < 0)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(units[i].name, unit) != 0)
			continue;
		if (number > WORDS_VALUE_MAX / units[i].scale - 1)
			return -EINVAL;
		*value = number * units[i].scale + fraction_of(word + whole + 1, part, units[i].scale);
		return 0;
	}
	return -EINVAL;
}

int words_time(const char *word, uint64_t *ns)
{
	return quantity_parse(word, times, ARRAY_SIZE(times), ns);
}

int words_rate(const char *word, uint64_t *millihertz)
{
	uint64_t value = 0;

	if (quantity_parse(word, rates, ARRAY_SIZE(rates), &value) < 0 || value == 0)
		return -EINVAL;
	*millihertz = value;
	return 0;
}

int words_percent(const char *word, uint64_t *hundredths)
{
	return quantity_parse(word, percents, ARRAY_SIZE(percents), hundredths);
}

int words_size(const char *word, uint64_t *bytes)
{
	return quantity_parse(word, sizes, ARRAY_SIZE(sizes), bytes);
}

int words_factor(const char *word, uint64_t *thousandths)
{
	uint64_t value = 0;

	if (quantity_parse(word, factors, ARRAY_SIZE(factors), &value) < 0 || value == 0 || value > 1000000)
		return -EINVAL;
	*thousandths = value;
	return 0;
}

int words_count(const char *word, uint64_t max, uint32_t *count)
{
	uint64_t value;

	if (decimal_parse(word, max, &value) < 0)
		return -EINVAL;
	*count = (uint32_t)value;
	return 0;
}

int words_bounce(const char *word, uint64_t *ns, uint64_t *seed)
{
	const char *comma = strchr(word, ',');
	size_t len = comma ? (size_t)(comma - word) : strlen(word);
	uint64_t number = 0;
	char time[32];

	if (len >= sizeof(time) || (comma && (decimal_parse(comma + 1, UINT64_MAX, &number) < 0 || number == 0)))
		return -EINVAL;
	memcpy(time, word, len);
	time[len] = '\0';
	if (words_time(time, ns) < 0)
		return -EINVAL;
	*seed = number;
	return 0;
}
