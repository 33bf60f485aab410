/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Numbers as users and service managers write them. */
#include "base/decimal.h"

#include <errno.h>
#include <string.h>

bool decimal_is(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
	}
	return len > 0;
}

int decimal_parse_len(const char *word, size_t len, uint64_t max, uint64_t *value)
{
	uint64_t sum = 0;

	/* All of it first: "999999999999999999999x" is no number, not one that is too big. */
	if (!decimal_is(word, len))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(word[i] - '0');

		if (digit > max || sum > (max - digit) / 10)
			return -ERANGE;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return 0;
}

int decimal_parse(const char *word, uint64_t max, uint64_t *value)
{
	return decimal_parse_len(word, strlen(word), max, value);
}
