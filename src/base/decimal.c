/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Numbers as users and service managers write them. */
#include "base/decimal.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

int decimal_parse(const char *word, uint64_t max, uint64_t *value)
{
	uint64_t sum = 0;

	/* All of it first: "999999999999999999999x" is no number, not one that is too big. */
	if (!*word || word[strspn(word, "0123456789")] != '\0')
		return -EINVAL;
	for (const char *c = word; *c; c++) {
		unsigned digit = (unsigned)(*c - '0');

		if (digit > max || sum > (max - digit) / 10)
			return -ERANGE;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return 0;
}
