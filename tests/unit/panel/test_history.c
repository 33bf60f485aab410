/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The last ten seconds of a line: what is drawn of them, and the rate of its edges. */
#include "rows.h"

#include "panel/history.h"

#define BIN(n) ((uint64_t)(n)*HISTORY_BIN_NS)

static struct history history;

static void check(uint64_t first, unsigned n, enum history_shape shape)
{
	assert_int_equal(history_shape(&history, first, n), shape);
}

static void nobody_looked_before(void **state)
{
	history_begin(&history, 1, BIN(1000));
	check(999, 1, HISTORY_NONE);
	check(1000, 1, HISTORY_HIGH);
	check(1001, 1, HISTORY_NONE);
	check(996, 5, HISTORY_HIGH);
	assert_false(history_is_flat(&history));
}

static void time_passes(void **state)
{
	history_begin(&history, 0, BIN(1000));
	history_advance(&history, BIN(1003) + 1);
	for (uint64_t bin = 1000; bin <= 1003; bin++)
		check(bin, 1, HISTORY_LOW);
	check(1004, 1, HISTORY_NONE);
	history_advance(&history, BIN(1000 + HISTORY_BINS - 1));
	assert_true(history_is_flat(&history));
	/* As far as it is kept. */
	history_advance(&history, BIN(1000 + HISTORY_BINS));
	check(1000, 1, HISTORY_NONE);
	check(1001, 1, HISTORY_LOW);
	/* For however long. */
	history_advance(&history, BIN(UINT32_MAX));
	check(UINT32_MAX - HISTORY_BINS + 1, HISTORY_BINS, HISTORY_LOW);
	assert_true(history_is_flat(&history));
}

static void an_edge(void **state)
{
	history_begin(&history, 0, BIN(1000));
	history_event(&history, 1, true, BIN(1010) + 7, BIN(1010) + 8);
	history_advance(&history, BIN(1020));
	check(1009, 1, HISTORY_LOW);
	check(1010, 1, HISTORY_EDGE);
	check(1011, 1, HISTORY_HIGH);
	check(1008, 2, HISTORY_LOW);
	check(1008, 3, HISTORY_EDGE);
	check(1011, 9, HISTORY_HIGH);
	assert_false(history_is_flat(&history));
	/* It has gone by. */
	history_advance(&history, BIN(1010 + HISTORY_BINS));
	assert_true(history_is_flat(&history));
}

static void an_edge_that_comes_late(void **state)
{
	history_begin(&history, 0, BIN(1000));
	history_advance(&history, BIN(1020));
	history_event(&history, 1, true, BIN(1010), BIN(1020));
	check(1009, 1, HISTORY_LOW);
	check(1010, 1, HISTORY_EDGE);
	check(1011, 10, HISTORY_HIGH);
	history_event(&history, 0, true, BIN(1012), BIN(1020));
	check(1011, 1, HISTORY_HIGH);
	check(1012, 1, HISTORY_EDGE);
	check(1013, 8, HISTORY_LOW);
	check(1000, 21, HISTORY_EDGES);
}

/* From a clock that nobody can trust. */
static void an_edge_of_any_time(void **state)
{
	history_begin(&history, 0, BIN(1000));
	history_event(&history, 1, true, UINT64_MAX, BIN(1001));
	check(1001, 1, HISTORY_EDGE);
	history_event(&history, 0, true, 0, BIN(1300));
	check(1300 - HISTORY_BINS + 1, 1, HISTORY_EDGE);
	check(1300, 1, HISTORY_LOW);
	history_begin(&history, 0, 0);
	history_event(&history, 1, true, 0, BIN(3));
	check(0, 1, HISTORY_EDGE);
	check(1, 3, HISTORY_HIGH);
	assert_int_equal(history_rate(&history), 1);
}

static void edges_of_one_bin(void **state)
{
	history_begin(&history, 0, BIN(1000));
	for (unsigned i = 0; i < 70000; i++)
		history_event(&history, (i + 1) % 2, true, BIN(1001), BIN(1001));
	check(1001, 1, HISTORY_EDGES);
	/* Of the second that is over. */
	assert_int_equal(history_rate(&history), 0);
	history_advance(&history, BIN(1002));
	assert_int_equal(history_rate(&history), UINT16_MAX);
	history_advance(&history, BIN(1021));
	assert_int_equal(history_rate(&history), UINT16_MAX);
	history_advance(&history, BIN(1022));
	assert_int_equal(history_rate(&history), 0);
}

static void a_level_that_cannot_be_told(void **state)
{
	history_begin(&history, 1, BIN(1000));
	history_event(&history, -1, false, BIN(1001), BIN(1001));
	history_advance(&history, BIN(1002));
	check(1002, 1, HISTORY_UNKNOWN);
	/* A change that nobody saw is one. */
	history_event(&history, 0, false, BIN(1003), BIN(1003));
	history_event(&history, 1, false, BIN(1004), BIN(1004));
	check(1004, 1, HISTORY_EDGE);
	assert_int_equal(history_rate(&history), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_looked_before),
		cmocka_unit_test(time_passes),
		cmocka_unit_test(an_edge),
		cmocka_unit_test(an_edge_that_comes_late),
		cmocka_unit_test(an_edge_of_any_time),
		cmocka_unit_test(edges_of_one_bin),
		cmocka_unit_test(a_level_that_cannot_be_told),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
