/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Rules over a trace that two guests tell of, each in its own time. */
#include "rows.h"

#include "bench/rules.h"

static const struct condition order[] = { { .line = 0, .kind = CONDITION_RISING },
					  { .line = 1, .kind = CONDITION_RISING } };
static const struct condition never[] = { { .line = 0, .kind = CONDITION_LEVEL, .value = 1 } };

static struct trace trace;
static struct rules rules;

static int setup(void **state)
{
	assert_int_equal(trace_init(&trace, 2, 2), 0);
	assert_int_equal(rules_init(&rules, 2), 0);
	for (uint16_t i = 0; i < 2; i++)
		trace_set(&trace, i, i, (struct line_now){ .level = 0 });
	return 0;
}

static int teardown(void **state)
{
	rules_deinit(&rules);
	trace_deinit(&trace);
	return 0;
}

static void level(uint64_t time_ns, uint16_t line, int8_t level)
{
	const struct line_event event = { .time_ns = time_ns, .line = line, .now = { .level = level } };

	assert_int_equal(trace_add(&trace, &event), 0);
	rules_feed(&rules, &trace);
}

static void known(uint64_t time_ns)
{
	trace_told(&trace, 0, time_ns);
	trace_told(&trace, 1, time_ns);
	rules_feed(&rules, &trace);
}

/* The second guest is told of first. */
static void the_order_is_that_of_the_stamps(void **state)
{
	rules_start(&rules, 0, RULE_ORDER, order, 2, 0, &trace);
	level(20, 1, 1);
	assert_null(rules.broken);
	level(10, 0, 1);
	known(100);
	assert_null(rules.broken);
}

static void also_when_it_is_wrong(void **state)
{
	rules_start(&rules, 0, RULE_ORDER, order, 2, 0, &trace);
	level(20, 0, 1);
	level(10, 1, 1);
	known(100);
	assert_ptr_equal(rules.broken, &rules.list[0]);
	assert_int_equal(rules.broken->time_ns, 10);
}

/* Of what was told already, what is not older than its beginning counts. */
static void a_rule_that_comes_late(void **state)
{
	level(10, 0, 1);
	level(20, 0, 0);
	known(100);
	rules_start(&rules, 0, RULE_NEVER, never, 1, 20, &trace);
	rules_feed(&rules, &trace);
	assert_null(rules.broken);
	rules_start(&rules, 1, RULE_NEVER, never, 1, 15, &trace);
	rules_feed(&rules, &trace);
	assert_ptr_equal(rules.broken, &rules.list[1]);
	assert_int_equal(rules.broken->time_ns, 15);
}

static void what_is_forgotten_was_judged(void **state)
{
	rules_start(&rules, 0, RULE_ORDER, order, 2, 0, &trace);
	for (unsigned i = 1; i <= 1000; i++) {
		level(i * 10, 0, (int8_t)(i % 2));
		if (i % 7 == 0)
			known(i * 10);
		rules_forget(&rules, &trace, i * 10);
		assert_true(trace.n >= rules.fed);
	}
	level(10005, 1, 1);
	known(20000);
	rules_forget(&rules, &trace, UINT64_MAX);
	assert_int_equal(trace.n, 0);
	assert_int_equal(rules.fed, 0);
	assert_null(rules.broken);
}

/* The first one that was broken by the stamps. */
static void of_two_the_first(void **state)
{
	rules_start(&rules, 0, RULE_ORDER, order, 2, 0, &trace);
	rules_start(&rules, 1, RULE_NEVER, never, 1, 0, &trace);
	level(10, 0, 1);
	level(5, 1, 1);
	known(100);
	assert_ptr_equal(rules.broken, &rules.list[0]);
	assert_int_equal(rules.broken->time_ns, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_order_is_that_of_the_stamps, setup, teardown),
		cmocka_unit_test_setup_teardown(also_when_it_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(a_rule_that_comes_late, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_forgotten_was_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(of_two_the_first, setup, teardown),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
