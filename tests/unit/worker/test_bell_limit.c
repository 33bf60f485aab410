/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of worker/wires/bell_limit: how many bells are answered. */
#include "rows.h"

#include "worker/wires/bell_limit.h"

#define START UINT64_C(1000000000)
#define MS    UINT64_C(1000000)

static unsigned taken(struct bell_limit *limit, uint64_t begin_ns, uint64_t end_ns, uint64_t each_ns)
{
	unsigned n = 0;

	for (uint64_t now_ns = begin_ns; now_ns < end_ns; now_ns += each_ns)
		n += bell_limit_take(limit, now_ns);
	return n;
}

static void without_end(void **state)
{
	struct bell_limit limit = { .spent_ns = 0 };

	/* A second's: those at once, and what the time brought. */
	assert_int_equal(taken(&limit, START, START + 1000 * MS, 1000), BELLS_AT_ONCE + 1000 * MS / BELL_EACH_NS - 1);
	/* In no time at all: nothing more, and after a rest as at first. */
	assert_false(bell_limit_take(&limit, START + 1000 * MS - 1));
	assert_int_equal(taken(&limit, START + 2000 * MS, START + 2000 * MS + 1000, 1), BELLS_AT_ONCE);
}

static void as_lines_change(void **state)
{
	struct bell_limit limit = { .spent_ns = 0 };

	assert_int_equal(taken(&limit, START, START + 1000 * MS, BELL_EACH_NS), 1000 * MS / BELL_EACH_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(without_end), cmocka_unit_test(as_lines_change) };

	return cmocka_run_group_tests_name("bell_limit", tests, NULL, NULL);
}
