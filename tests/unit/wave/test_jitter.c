/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* How late things come: what is usual, and how far from that they are. */
#include "rows.h"

#include "wave/jitter.h"

#define US 1000u

static struct jitter jitter;

static void always_the_same(void **state)
{
	jitter = (struct jitter){ .n = 0 };
	assert_int_equal(jitter_within(&jitter, 99), 0);
	assert_int_equal(jitter_max(&jitter), 0);
	for (int i = 0; i < 1000; i++)
		jitter_add(&jitter, 300 * US);
	assert_int_equal(jitter_usual(&jitter), 300 * US);
	assert_int_equal(jitter_within(&jitter, 99), 0);
	assert_int_equal(jitter_max(&jitter), 0);
}

/* Of a hundred one may be anywhere. */
static void one_of_many(void **state)
{
	jitter = (struct jitter){ .n = 0 };
	for (unsigned i = 0; i < 98; i++)
		jitter_add(&jitter, (100 + i % 2) * US);
	jitter_add(&jitter, 60 * US);
	jitter_add(&jitter, 5000 * US);
	assert_int_equal(jitter_usual(&jitter), 100 * US);
	assert_int_equal(jitter_within(&jitter, 98), 1 * US);
	assert_int_equal(jitter_within(&jitter, 99), 40 * US);
	assert_int_equal(jitter_within(&jitter, 100), 4900 * US);
	assert_int_equal(jitter_max(&jitter), 4900 * US);
}

/* What is early counts as what is late. */
static void both_sides(void **state)
{
	jitter = (struct jitter){ .n = 0 };
	for (unsigned us = 0; us <= 1000; us++)
		jitter_add(&jitter, us * US);
	assert_int_equal(jitter_usual(&jitter), 500 * US);
	assert_int_equal(jitter_within(&jitter, 50), 250 * US);
	assert_int_equal(jitter_max(&jitter), 500 * US);
}

static void later_than_can_be_told(void **state)
{
	jitter = (struct jitter){ .n = 0 };
	jitter_add(&jitter, UINT64_MAX);
	assert_int_equal(jitter_usual(&jitter), UINT64_MAX);
	assert_int_equal(jitter_within(&jitter, 99), UINT64_MAX);
	assert_int_equal(jitter_max(&jitter), UINT64_MAX);
	for (unsigned i = 0; i < 98; i++)
		jitter_add(&jitter, 1);
	assert_int_equal(jitter_usual(&jitter), 0);
	assert_int_equal(jitter_within(&jitter, 98), 0);
	assert_int_equal(jitter_within(&jitter, 100), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(always_the_same),
		cmocka_unit_test(one_of_many),
		cmocka_unit_test(both_sides),
		cmocka_unit_test(later_than_can_be_told),
	};

	return cmocka_run_group_tests_name("jitter", tests, NULL, NULL);
}
