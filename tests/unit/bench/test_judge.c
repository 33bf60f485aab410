/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Verdicts: of windows, at their ends, whatever comes late. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "bench/judge.h"

#define SINCE 1000

static struct judge judge;

static void begin(struct expectation expectation, int8_t level)
{
	judge_begin(&judge, &expectation, SINCE, (struct line_now){ .level = level });
}

static enum verdict level(uint64_t time_ns, int8_t level)
{
	const struct line_event event = { .time_ns = time_ns, .now = { .level = level } };

	return judge_event(&judge, &event);
}

static void check(enum verdict verdict, uint64_t time_ns)
{
	assert_int_equal(judge.verdict, verdict);
	assert_int_equal(judge.time_ns, time_ns);
}

static struct expectation within(enum condition_kind kind, uint8_t value, uint64_t ns)
{
	return (struct expectation){ .condition = { .kind = kind, .value = value }, .within_ns = ns };
}

static void an_edge_in_its_window(void **state)
{
	begin(within(CONDITION_RISING, 0, 50), 0);
	assert_int_equal(judge_known(&judge, SINCE + 50), VERDICT_OPEN);
	level(SINCE + 50, 1);
	check(VERDICT_PASS, SINCE + 50);
	assert_int_equal(judge_known(&judge, SINCE + 500), VERDICT_PASS);
}

static void an_edge_that_is_late(void **state)
{
	begin(within(CONDITION_RISING, 0, 50), 0);
	level(SINCE + 51, 1);
	check(VERDICT_FAIL, SINCE + 50);
}

static void an_edge_that_does_not_come(void **state)
{
	begin(within(CONDITION_FALLING, 0, 50), 0);
	level(SINCE + 10, 1);
	assert_int_equal(judge_known(&judge, SINCE + 50), VERDICT_OPEN);
	judge_known(&judge, SINCE + 51);
	check(VERDICT_FAIL, SINCE + 50);
	assert_int_equal(judge.n_edges, 1);
}

/* Only what is not older than its beginning counts; what the line is then does not count as an edge. */
static void what_was_before(void **state)
{
	begin(within(CONDITION_RISING, 0, 50), 0);
	assert_int_equal(level(SINCE - 1, 1), VERDICT_OPEN);
	judge_known(&judge, SINCE + 51);
	check(VERDICT_FAIL, SINCE + 50);
	begin(within(CONDITION_RISING, 0, 50), 0);
	level(SINCE, 1);
	check(VERDICT_PASS, SINCE);
}

static void a_level_that_is_there(void **state)
{
	begin(within(CONDITION_LEVEL, 1, 50), 0);
	level(SINCE - 5, 1);
	assert_int_equal(judge_known(&judge, SINCE), VERDICT_OPEN);
	judge_known(&judge, SINCE + 1);
	check(VERDICT_PASS, SINCE);
	/* It is told of later, and is the same. */
	begin(within(CONDITION_LEVEL, 1, 50), 1);
	level(SINCE + 30, 0);
	check(VERDICT_PASS, SINCE);
}

static void an_unknown_level_is_none(void **state)
{
	begin(within(CONDITION_LEVEL, 0, 50), -1);
	level(SINCE + 10, 0);
	check(VERDICT_PASS, SINCE + 10);
	begin(within(CONDITION_FALLING, 0, 50), -1);
	assert_int_equal(level(SINCE + 10, 0), VERDICT_OPEN);
}

static void a_level_that_lasts(void **state)
{
	struct expectation lasts = { .condition = { .kind = CONDITION_LEVEL, .value = 1 }, .for_ns = 20 };

	begin(lasts, 1);
	assert_int_equal(judge_known(&judge, SINCE + 19), VERDICT_OPEN);
	judge_known(&judge, SINCE + 20);
	check(VERDICT_PASS, SINCE + 20);
	begin(lasts, 1);
	level(SINCE + 19, 0);
	check(VERDICT_FAIL, SINCE + 19);
	begin(lasts, 0);
	level(SINCE + 5, 1);
	check(VERDICT_FAIL, SINCE);
	begin(lasts, 1);
	level(SINCE + 20, 0);
	check(VERDICT_PASS, SINCE + 20);
}

/* As a contact that bounces: it is to settle so soon. */
static void a_level_that_settles(void **state)
{
	struct expectation settles = { .condition = { .kind = CONDITION_LEVEL, .value = 1 },
				       .within_ns = 50,
				       .for_ns = 20 };

	begin(settles, 0);
	level(SINCE + 10, 1);
	level(SINCE + 20, 0);
	level(SINCE + 50, 1);
	assert_int_equal(judge_known(&judge, SINCE + 69), VERDICT_OPEN);
	judge_known(&judge, SINCE + 70);
	check(VERDICT_PASS, SINCE + 70);
	begin(settles, 0);
	level(SINCE + 45, 1);
	level(SINCE + 60, 0);
	check(VERDICT_FAIL, SINCE + 60);
	begin(settles, 0);
	level(SINCE + 10, 1);
	level(SINCE + 20, 0);
	judge_known(&judge, SINCE + 51);
	check(VERDICT_FAIL, SINCE + 50);
}

static void a_direction(void **state)
{
	struct line_event event = { .time_ns = SINCE + 7, .now = { .direction = LINE_DIRECTION_INPUT } };

	begin(within(CONDITION_DIRECTION, LINE_DIRECTION_INPUT, JUDGE_FOREVER), 0);
	assert_int_equal(judge_known(&judge, UINT64_MAX), VERDICT_OPEN);
	judge_event(&judge, &event);
	check(VERDICT_PASS, SINCE + 7);
}

static void another_line_says_nothing(void **state)
{
	struct line_event event = { .time_ns = SINCE + 7, .line = 1, .now = { .level = 1 } };

	begin(within(CONDITION_RISING, 0, 50), 0);
	assert_int_equal(judge_event(&judge, &event), VERDICT_OPEN);
}

/* n periods of this length, from the beginning on. */
static void pulses(unsigned n, uint64_t period_ns)
{
	for (unsigned i = 0; i < n; i++) {
		level(SINCE + i * period_ns, 1);
		level(SINCE + i * period_ns + period_ns / 2, 0);
	}
}

static void pulses_are_counted(void **state)
{
	struct expectation ten = { .pulses = true, .count = 10, .spare = 1, .within_ns = 1000 };

	for (unsigned n = 8; n <= 12; n++) {
		begin(ten, 0);
		pulses(n, 20);
		if (n < 12)
			assert_int_equal(judge_known(&judge, SINCE + 1000), VERDICT_OPEN);
		judge_known(&judge, SINCE + 1001);
		assert_int_equal(judge.verdict, n >= 9 && n <= 11 ? VERDICT_PASS : VERDICT_FAIL);
		assert_int_equal(judge.time_ns, n < 12 ? SINCE + 1000 : SINCE + 11 * 20);
	}
	/* A line that is high is no pulse, and one that comes later does not count. */
	begin((struct expectation){ .pulses = true, .count = 0, .within_ns = 1000 }, 1);
	level(SINCE + 1001, 0);
	level(SINCE + 1002, 1);
	check(VERDICT_PASS, SINCE + 1000);
}

static void their_rate_is_the_mean_one(void **state)
{
	/* 50 Hz ± 5 %: 19.05 to 21.05 ms. */
	static const struct {
		uint64_t period_ns;
		enum verdict verdict;
	} cases[] = { { 19000000, VERDICT_FAIL },
		      { 19100000, VERDICT_PASS },
		      { 20000000, VERDICT_PASS },
		      { 21000000, VERDICT_PASS },
		      { 21100000, VERDICT_FAIL } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin((struct expectation){ .pulses = true,
					    .count = 10,
					    .within_ns = 1000000000,
					    .millihertz = 50000,
					    .off_hundredths = 500 },
		      0);
		pulses(10, cases[i].period_ns);
		judge_known(&judge, SINCE + 1000000001);
		assert_int_equal(judge.verdict, cases[i].verdict);
	}
}

/* Times that are told of in pieces, and none that is too large, change no verdict. */
static void how_it_is_told_changes_nothing(void **state)
{
	srand(1);
	for (unsigned round = 0; round < 2000; round++) {
		struct expectation expectation =
			within(round % 2 ? CONDITION_RISING : CONDITION_LEVEL, 1, 1 + rand() % 60);
		struct line_event events[8];
		struct judge once, bitwise;
		uint64_t time_ns = SINCE - 20;

		expectation.for_ns = round % 4 == 0 ? 1 + rand() % 30 : 0;
		judge_begin(&once, &expectation, SINCE, (struct line_now){ .level = 0 });
		bitwise = once;
		for (unsigned i = 0; i < 8; i++) {
			uint64_t next_ns = time_ns + 1 + (uint64_t)rand() % 20;

			events[i] = (struct line_event){ .time_ns = next_ns, .now = { .level = (int8_t)(rand() % 2) } };
			judge_event(&once, &events[i]);
			for (; time_ns <= next_ns; time_ns++)
				judge_known(&bitwise, time_ns);
			judge_event(&bitwise, &events[i]);
			time_ns = next_ns;
		}
		judge_known(&once, time_ns + 1000);
		judge_known(&bitwise, time_ns + 1000);
		assert_int_not_equal(once.verdict, VERDICT_OPEN);
		assert_int_equal(once.verdict, bitwise.verdict);
		assert_int_equal(once.time_ns, bitwise.time_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edge_in_its_window),
		cmocka_unit_test(an_edge_that_is_late),
		cmocka_unit_test(an_edge_that_does_not_come),
		cmocka_unit_test(what_was_before),
		cmocka_unit_test(a_level_that_is_there),
		cmocka_unit_test(an_unknown_level_is_none),
		cmocka_unit_test(a_level_that_lasts),
		cmocka_unit_test(a_level_that_settles),
		cmocka_unit_test(a_direction),
		cmocka_unit_test(another_line_says_nothing),
		cmocka_unit_test(pulses_are_counted),
		cmocka_unit_test(their_rate_is_the_mean_one),
		cmocka_unit_test(how_it_is_told_changes_nothing),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
