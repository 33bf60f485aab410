/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of daemon/line_names. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "daemon/line_names.h"

static void equal_names(void **state)
{
	char names[][CHIP_NAME_MAX] = { "LED", "", "KEY", "LED", "", "led", "KEY", "LED" };

	assert_int_equal(names_sanitize(names, ARRAY_SIZE(names)), 3);
	assert_string_equal(names[0], "LED");
	assert_string_equal(names[1], "");
	assert_string_equal(names[2], "KEY");
	assert_string_equal(names[3], "");
	assert_string_equal(names[5], "led");
	assert_string_equal(names[6], "");
	assert_string_equal(names[7], "");
}

static void plain_text_only(void **state)
{
	char names[][CHIP_NAME_MAX] = { "gr\xc3\xbcn", "Red LED Vdd", "\x7f", "a\tb", "\x1b[2J", "~!" };
	char unterminated[1][CHIP_NAME_MAX];

	assert_int_equal(names_sanitize(names, ARRAY_SIZE(names)), 4);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(names[i], i == 1 ? "Red LED Vdd" : i == 5 ? "~!" : "");

	memset(unterminated, 'x', sizeof(unterminated));
	assert_int_equal(names_sanitize(unterminated, 1), 1);
	assert_string_equal(unterminated[0], "");
	unterminated[0][0] = 'y';
	memset(unterminated[0], 'x', CHIP_NAME_MAX - 1);
	assert_int_equal(names_sanitize(unterminated, 1), 0);
	assert_int_equal(strlen(unterminated[0]), CHIP_NAME_MAX - 1);
}

/* Behind the terminator nothing counts, and nothing is left of a dropped name. */
static void bytes_behind_the_terminator(void **state)
{
	char names[2][CHIP_NAME_MAX] = { "A\0\xff", "A\0B" };

	assert_int_equal(names_sanitize(names, 2), 1);
	assert_string_equal(names[0], "A");
	for (size_t i = 0; i < CHIP_NAME_MAX; i++)
		assert_int_equal(names[1][i], 0);
}

static void none_at_all(void **state)
{
	assert_int_equal(names_sanitize(NULL, 0), 0);
}

/* Seconds, were each compared with each. */
static void many(void **state)
{
	char(*names)[CHIP_NAME_MAX] = calloc(CHIP_LINES_MAX, sizeof(*names));

	for (unsigned i = 0; i < CHIP_LINES_MAX; i++)
		snprintf(names[i], CHIP_NAME_MAX, "line%u", i % 60000);
	assert_int_equal(names_sanitize(names, CHIP_LINES_MAX), CHIP_LINES_MAX - 60000);
	assert_string_equal(names[59999], "line59999");
	assert_string_equal(names[60000], "");
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("G-06", equal_names),
		ROW_TEST("G-07", plain_text_only),
		ROW_TEST("G-06", bytes_behind_the_terminator),
		cmocka_unit_test(none_at_all),
		ROW_TEST("G-06", many),
	};

	return cmocka_run_group_tests_name("daemon/line_names", tests, NULL, NULL);
}
