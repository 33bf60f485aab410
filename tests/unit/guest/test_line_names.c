/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of guest/line_names. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "guest/line_names.h"

/* None of the names was given. Returns how many notes there are. */
static unsigned fit(char (*names)[CHIP_NAME_MAX], unsigned n)
{
	bool *given = calloc(n + 1, sizeof(*given));
	struct diagnostics errors = { .n = 0 }, notes = { .n = 0 };
	unsigned n_notes;

	line_names_fit(names, given, n, &errors, &notes);
	assert_int_equal(errors.n, 0);
	n_notes = notes.n;
	diagnostics_deinit(&errors);
	diagnostics_deinit(&notes);
	free(given);
	return n_notes;
}

static void equal_names(void **state)
{
	char names[][CHIP_NAME_MAX] = { "LED", "", "KEY", "LED", "", "led", "KEY", "LED" };

	assert_int_equal(fit(names, ARRAY_SIZE(names)), 3);
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

	assert_int_equal(fit(names, ARRAY_SIZE(names)), 4);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(names[i], i == 1 ? "Red LED Vdd" : i == 5 ? "~!" : "");

	memset(unterminated, 'x', sizeof(unterminated));
	assert_int_equal(fit(unterminated, 1), 1);
	assert_string_equal(unterminated[0], "");
	unterminated[0][0] = 'y';
	memset(unterminated[0], 'x', CHIP_NAME_MAX - 1);
	assert_int_equal(fit(unterminated, 1), 0);
	assert_int_equal(strlen(unterminated[0]), CHIP_NAME_MAX - 1);
}

/* Behind the terminator nothing counts, and nothing is left of a dropped name. */
static void bytes_behind_the_terminator(void **state)
{
	char names[2][CHIP_NAME_MAX] = { "A\0\xff", "A\0B" };

	assert_int_equal(fit(names, 2), 1);
	assert_string_equal(names[0], "A");
	for (size_t i = 0; i < CHIP_NAME_MAX; i++)
		assert_int_equal(names[1][i], 0);
}

static void none_at_all(void **state)
{
	assert_int_equal(fit(NULL, 0), 0);
}

/* Seconds, were each compared with each. */
static void many(void **state)
{
	char(*names)[CHIP_NAME_MAX] = calloc(CHIP_LINES_MAX, sizeof(*names));

	for (unsigned i = 0; i < CHIP_LINES_MAX; i++)
		snprintf(names[i], CHIP_NAME_MAX, "line%u", i % 60000);
	assert_int_equal(fit(names, CHIP_LINES_MAX), 9); /* eight, and how many more */
	assert_string_equal(names[59999], "line59999");
	assert_string_equal(names[60000], "");
	free(names);
}

/* A name that was given wins, wherever it stands. */
static void given_names(void **state)
{
	char names[][CHIP_NAME_MAX] = { "door", "horn", "door", "horn", "led" };
	const bool given[] = { false, true, true, false, false };
	struct diagnostics errors = { .n = 0 }, notes = { .n = 0 };

	line_names_fit(names, given, ARRAY_SIZE(names), &errors, &notes);
	assert_int_equal(errors.n, 0);
	assert_int_equal(notes.n, 2);
	assert_string_equal(notes.texts[0], "line 0: its name \"door\" is not shown to the guest: another line has it");
	assert_string_equal(names[0], "");
	assert_string_equal(names[1], "horn");
	assert_string_equal(names[2], "door");
	assert_string_equal(names[3], "");
	assert_string_equal(names[4], "led");
	diagnostics_deinit(&notes);
}

static void given_twice(void **state)
{
	char names[][CHIP_NAME_MAX] = { "door", "", "door", "" };
	const bool given[] = { true, true, true, true };
	struct diagnostics errors = { .n = 0 }, notes = { .n = 0 };

	line_names_fit(names, given, ARRAY_SIZE(names), &errors, &notes);
	assert_int_equal(errors.n, 1);
	assert_string_equal(errors.texts[0], "lines 0 and 2 are both called \"door\"");
	assert_int_equal(notes.n, 0);
	diagnostics_deinit(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("G-06", equal_names),
		ROW_TEST("G-07", plain_text_only),
		ROW_TEST("G-06", bytes_behind_the_terminator),
		cmocka_unit_test(none_at_all),
		ROW_TEST("G-06", many),
		cmocka_unit_test(given_names),
		cmocka_unit_test(given_twice),
	};

	return cmocka_run_group_tests_name("guest/line_names", tests, NULL, NULL);
}
