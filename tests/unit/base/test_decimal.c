/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Decimal numbers: only digits, and never more than the limit. */
#include "rows.h"

#include <errno.h>

#include "base/decimal.h"
#include "base/util.h"

static void good_numbers(void **state)
{
	static const struct {
		const char *word;
		uint64_t max, value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "7", 7, 7 },
		{ "007", 7, 7 },
		{ "255", 255, 255 },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 99;

		assert_int_equal(decimal_parse(rows[i].word, rows[i].max, &value), 0);
		assert_int_equal(value, rows[i].value);
	}
}

static void bad_numbers(void **state)
{
	static const struct {
		const char *word;
		uint64_t max;
		int error;
	} rows[] = {
		{ "", 9, -EINVAL },
		{ "+1", 9, -EINVAL },
		{ "-1", 9, -EINVAL },
		{ " 1", 9, -EINVAL },
		{ "1 ", 9, -EINVAL },
		{ "0x1", 99, -EINVAL },
		{ "1a", 99, -EINVAL },
		{ "99999999999999999999999x", 99, -EINVAL },
		{ "1", 0, -ERANGE },
		{ "8", 7, -ERANGE },
		{ "256", 255, -ERANGE },
		{ "260", 255, -ERANGE },
		{ "18446744073709551616", UINT64_MAX, -ERANGE },
		{ "184467440737095516150", UINT64_MAX, -ERANGE },
		{ "99999999999999999999999", UINT64_MAX, -ERANGE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 99;

		assert_int_equal(decimal_parse(rows[i].word, rows[i].max, &value), rows[i].error);
		assert_int_equal(value, 99);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_numbers),
		cmocka_unit_test(bad_numbers),
	};

	return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
