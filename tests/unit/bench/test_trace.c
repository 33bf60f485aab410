/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What is known of lines: in order of time, from two guests, and what is forgotten. */
#include "rows.h"

#include <errno.h>

#include "bench/trace.h"

static struct trace trace;

static int setup(void **state)
{
	const struct line_now low = { .level = 0 };

	assert_int_equal(trace_init(&trace, 3, 2), 0);
	trace_set(&trace, 0, 0, low);
	trace_set(&trace, 1, 0, low);
	trace_set(&trace, 2, 1, low);
	return 0;
}

static int teardown(void **state)
{
	trace_deinit(&trace);
	trace_deinit(&trace);
	return 0;
}

static void add(uint64_t time_ns, uint16_t line, int8_t level)
{
	const struct line_event event = { .time_ns = time_ns, .line = line, .now = { .level = level } };

	assert_int_equal(trace_add(&trace, &event), 0);
}

static void events_are_in_order(void **state)
{
	add(10, 0, 1);
	add(30, 0, 0);
	add(20, 2, 1);
	assert_int_equal(trace.events[0].time_ns, 10);
	assert_int_equal(trace.events[1].time_ns, 20);
	assert_int_equal(trace.events[2].time_ns, 30);
	assert_int_equal(trace_count_before(&trace, 10), 0);
	assert_int_equal(trace_count_before(&trace, 21), 2);
	assert_int_equal(trace_count_before(&trace, 100), 3);
	assert_int_equal(trace.lines[2].present.level, 1);
}

/* As far as the guest goes that has told the least. */
static void what_is_known(void **state)
{
	add(10, 0, 1);
	assert_int_equal(trace_known(&trace), 0);
	trace_told(&trace, 1, 7);
	assert_int_equal(trace_known(&trace), 7);
	add(20, 2, 1);
	assert_int_equal(trace_known(&trace), 10);
	trace_told(&trace, 0, 5);
	assert_int_equal(trace_known(&trace), 10);
}

static void what_is_forgotten_is_the_base(void **state)
{
	add(10, 0, 1);
	add(20, 1, 1);
	add(30, 0, 0);
	trace_forget(&trace, 30);
	assert_int_equal(trace.n, 1);
	assert_int_equal(trace.events[0].time_ns, 30);
	assert_int_equal(trace.lines[0].base.level, 1);
	assert_int_equal(trace.lines[0].present.level, 0);
	assert_int_equal(trace.lines[1].base.level, 1);
}

/* Of what is there and of what is forgotten; a change that is no edge is none of them. */
static void the_last_edges(void **state)
{
	struct line_event edges[TRACE_RECENT];

	assert_int_equal(trace_last_edges(&trace, edges, TRACE_RECENT), 0);
	for (unsigned i = 1; i <= 100; i++) {
		add(i * 10, 0, (int8_t)(i % 2));
		add(i * 10 + 5, 0, (int8_t)(i % 2));
	}
	for (unsigned forgotten = 0; forgotten <= 101; forgotten++) {
		trace_forget(&trace, forgotten * 10);
		assert_int_equal(trace_last_edges(&trace, edges, TRACE_RECENT), TRACE_RECENT);
		for (unsigned i = 0; i < TRACE_RECENT; i++)
			assert_int_equal(edges[i].time_ns, (81 + i) * 10);
	}
	assert_int_equal(trace_last_edges(&trace, edges, 3), 3);
	assert_int_equal(edges[0].time_ns, 980);
}

static void there_is_an_end_to_it(void **state)
{
	const struct line_event event = { .time_ns = 5 };

	for (unsigned i = 0; i < TRACE_EVENTS_MAX; i++)
		assert_int_equal(trace_add(&trace, &event), 0);
	assert_int_equal(trace_add(&trace, &event), -ENOSPC);
	trace_forget(&trace, 6);
	assert_int_equal(trace_add(&trace, &event), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_are_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_forgotten_is_the_base, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_edges, setup, teardown),
		cmocka_unit_test_setup_teardown(there_is_an_end_to_it, setup, teardown),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
