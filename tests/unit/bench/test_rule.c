/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What must not happen: orders that are kept or not, levels that must not be while others are. */
#include "rows.h"

#include "bench/rule.h"

#define SINCE 1000

static struct rule rule;

static void begin(enum rule_kind kind, const struct condition *conditions, unsigned n)
{
	rule = (struct rule){ .kind = kind, .conditions = conditions, .n = n };
	rule_begin(&rule, SINCE);
}

static bool level(uint64_t time_ns, uint16_t line, int8_t level)
{
	const struct line_event event = { .time_ns = time_ns, .line = line, .now = { .level = level } };

	return rule_event(&rule, &event);
}

static const struct condition order[] = { { .line = 0, .kind = CONDITION_EDGE },
					  { .line = 1, .kind = CONDITION_RISING },
					  { .line = 2, .kind = CONDITION_EDGE } };

static void an_order_that_is_kept(void **state)
{
	begin(RULE_ORDER, order, 3);
	assert_false(level(SINCE + 1, 0, 1));
	assert_false(level(SINCE + 2, 1, 1));
	assert_false(level(SINCE + 3, 1, 0));
	assert_false(level(SINCE + 4, 2, 1));
	/* Only the first of each counts. */
	assert_false(level(SINCE + 5, 1, 1));
	assert_false(level(SINCE + 6, 0, 0));
	assert_false(rule_known(&rule, UINT64_MAX));
}

static void an_order_that_is_not(void **state)
{
	begin(RULE_ORDER, order, 3);
	assert_false(level(SINCE + 1, 0, 1));
	assert_true(level(SINCE + 2, 2, 1));
	assert_int_equal(rule.time_ns, SINCE + 2);
	assert_int_equal(rule.which, 2);
	assert_int_equal(rule.over, 1);
	assert_true(level(SINCE + 3, 1, 1));
	assert_int_equal(rule.time_ns, SINCE + 2);
}

static void what_was_before_has_no_order(void **state)
{
	begin(RULE_ORDER, order, 3);
	assert_false(level(SINCE - 1, 2, 1));
	assert_false(level(SINCE, 0, 1));
	assert_false(level(SINCE + 1, 1, 1));
	assert_false(level(SINCE + 2, 2, 0));
}

static const struct condition power[] = { { .line = 0, .kind = CONDITION_LEVEL, .value = 1 },
					  { .line = 1, .kind = CONDITION_LEVEL, .value = 0 } };

static void never_while(void **state)
{
	begin(RULE_NEVER, power, 2);
	rule.now[1].level = 1;
	assert_false(rule_known(&rule, SINCE + 1));
	assert_false(level(SINCE + 2, 0, 1));
	assert_true(level(SINCE + 3, 1, 0));
	assert_int_equal(rule.time_ns, SINCE + 3);
}

/* It holds from the beginning on; what was before does not count. */
static void never_from_the_beginning_on(void **state)
{
	begin(RULE_NEVER, power, 2);
	assert_false(level(SINCE - 2, 0, 1));
	assert_false(level(SINCE - 1, 0, 0));
	assert_false(rule_known(&rule, SINCE + 1));
	begin(RULE_NEVER, power, 2);
	assert_false(level(SINCE - 2, 0, 1));
	assert_false(rule_known(&rule, SINCE));
	assert_true(rule_known(&rule, SINCE + 1));
	assert_int_equal(rule.time_ns, SINCE);
}

static void never_an_edge(void **state)
{
	static const struct condition edge[] = { { .line = 0, .kind = CONDITION_FALLING },
						 { .line = 1, .kind = CONDITION_LEVEL, .value = 1 } };

	begin(RULE_NEVER, edge, 2);
	rule.now[0].level = 1;
	assert_false(level(SINCE + 1, 0, 0));
	assert_false(level(SINCE + 2, 1, 1));
	assert_false(level(SINCE + 3, 0, 1));
	assert_true(level(SINCE + 4, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_that_is_kept),	cmocka_unit_test(an_order_that_is_not),
		cmocka_unit_test(what_was_before_has_no_order), cmocka_unit_test(never_while),
		cmocka_unit_test(never_from_the_beginning_on),	cmocka_unit_test(never_an_edge),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
