/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lines of a panel: those that are shown, the one that is chosen, and names as anybody may give them. */
#include "rows.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "panel/rows.h"

static struct rows rows;

static int setup(void **state)
{
	rows = (struct rows){ .n = 0 };
	assert_int_equal(rows_add(&rows, "ci.button", "ci", "button", 0), 0);
	assert_int_equal(rows_add(&rows, "ci.led", "ci", "led", 1), 1);
	assert_int_equal(rows_add(&rows, "ivi.2", "ivi", "", 2), 2);
	assert_int_equal(rows_add(&rows, "ivi.Door", "ivi", "Door", 3), 3);
	return 0;
}

static int teardown(void **state)
{
	rows_deinit(&rows);
	return 0;
}

static void check_chosen(const char *line)
{
	const struct row *row = rows_chosen(&rows);

	assert_non_null(row);
	assert_string_equal(row->line, line);
}

static void one_is_chosen(void **state)
{
	check_chosen("ci.button");
	rows_move(&rows, 1);
	check_chosen("ci.led");
	rows_move(&rows, LONG_MAX);
	check_chosen("ivi.Door");
	rows_move(&rows, 1);
	check_chosen("ivi.Door");
	rows_move(&rows, -2);
	check_chosen("ci.led");
	rows_move(&rows, -LONG_MAX);
	check_chosen("ci.button");
	rows_deinit(&rows);
	assert_null(rows_chosen(&rows));
	rows_move(&rows, 1);
	rows_move(&rows, -1);
	rows_fit(&rows, 3);
	assert_null(rows_chosen(&rows));
}

static void a_filter(void **state)
{
	rows_move(&rows, 3);
	rows_filter(&rows, "D");
	assert_int_equal(rows.n_shown, 2); /* led, Door */
	check_chosen("ivi.Door");
	rows_filter(&rows, "vi.d");
	assert_int_equal(rows.n_shown, 1);
	rows_filter(&rows, "nothing");
	assert_null(rows_chosen(&rows));
	rows_filter(&rows, "");
	assert_int_equal(rows.n_shown, 4);
	/* A line that comes later has to pass it, too. */
	rows_filter(&rows, "ci.");
	rows_add(&rows, "ivi.horn", "ivi", "horn", 4);
	rows_add(&rows, "ci.irq", "ci", "irq", 5);
	assert_int_equal(rows.n_shown, 3);
	/* An offset is a name where there is no other. */
	rows_filter(&rows, "ivi.2");
	check_chosen("ivi.2");
}

static void the_chosen_one_is_on_the_screen(void **state)
{
	char line[16];

	for (unsigned i = 0; i < 96; i++) {
		snprintf(line, sizeof(line), "x.%u", i);
		rows_add(&rows, line, "x", "", i);
	}
	rows_move(&rows, 50);
	rows_fit(&rows, 10);
	assert_int_equal(rows.top, 41);
	rows_move(&rows, -5);
	rows_fit(&rows, 10);
	assert_int_equal(rows.top, 41);
	rows_move(&rows, -10);
	rows_fit(&rows, 10);
	assert_int_equal(rows.top, 35);
	rows_move(&rows, LONG_MAX);
	rows_fit(&rows, 10);
	assert_int_equal(rows.top, 90);
	/* Of a screen that grew, none stays empty. */
	rows_fit(&rows, 30);
	assert_int_equal(rows.top, 70);
	rows_fit(&rows, 1000);
	assert_int_equal(rows.top, 0);
	rows_fit(&rows, 0);
}

static void a_daemon_comes_back_with_other_lines(void **state)
{
	history_begin(&rows.rows[1].history, 1, 0);
	rows.rows[1].now.level = 1;
	rows.rows[1].release_ns = 1;
	rows_move(&rows, 2);
	rows_forget(&rows, 0);
	assert_int_equal(rows.rows[1].now.level, -1);
	assert_int_equal(rows.rows[1].history.level, -1);
	assert_int_equal(rows.rows[1].release_ns, 0);
	rows.rows[1].is_told = rows.rows[2].is_told = true;
	rows_prune(&rows);
	assert_int_equal(rows.n, 2);
	check_chosen("ivi.2");
	rows_forget(&rows, 0);
	rows_prune(&rows);
	assert_int_equal(rows.n, 0);
	assert_null(rows_chosen(&rows));
}

static void names_are_shown_as_ascii(void **state)
{
	char longer[300];

	rows_add(&rows, "\033[2J", "a\033[31m\n", "b\x7f\xc2\x9b\xe2\x80\xae", 0);
	assert_string_equal(rows.rows[4].guest, "a?[31m?");
	assert_string_equal(rows.rows[4].name, "b??????");
	assert_string_equal(rows.rows[4].line, "\033[2J");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	rows_add(&rows, longer, longer, longer, 0);
	assert_int_equal(strlen(rows.rows[5].name), ROWS_TEXT_MAX - 1);
	rows_filter(&rows, longer);
	assert_int_equal(rows.n_shown, 1);
}

static void there_is_an_end(void **state)
{
	for (size_t i = rows.n; i < ROWS_MAX; i++)
		assert_int_equal(rows_add(&rows, "x", "x", "x", 0), (int)i);
	assert_int_equal(rows_add(&rows, "x", "x", "x", 0), -ENOSPC);
	assert_int_equal(rows.n_shown, ROWS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_is_chosen, setup, teardown),
		cmocka_unit_test_setup_teardown(a_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(the_chosen_one_is_on_the_screen, setup, teardown),
		cmocka_unit_test_setup_teardown(a_daemon_comes_back_with_other_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(names_are_shown_as_ascii, setup, teardown),
		cmocka_unit_test_setup_teardown(there_is_an_end, setup, teardown),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
