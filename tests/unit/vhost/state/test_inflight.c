/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of the in-flight region: order, batches, and a death between any two steps. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "vhost/state/inflight.h"

#define SIZE 8

static struct inflight *region;

static int setup(void **state)
{
	region = calloc(1, inflight_size(SIZE));
	inflight_reset(region, SIZE, 0);
	return region ? 0 : -1;
}

static int teardown(void **state)
{
	free(region);
	return 0;
}

static void assert_heads(const uint16_t *expected, uint16_t n)
{
	uint16_t heads[SIZE];

	assert_int_equal(inflight_collect(region, SIZE, heads), n);
	for (uint16_t i = 0; i < n; i++)
		assert_int_equal(heads[i], expected[i]);
}

static void heads_come_back_in_the_order_taken(void **state)
{
	assert_true(inflight_take(region, 5, 0));
	assert_true(inflight_take(region, 2, 1));
	assert_true(inflight_take(region, 7, 2));
	assert_heads((uint16_t[]){ 5, 2, 7 }, 3);
}

static void a_head_is_taken_once(void **state)
{
	assert_true(inflight_take(region, 3, 0));
	assert_false(inflight_take(region, 3, 1));
	assert_true(inflight_has(region, 3));
	assert_false(inflight_has(region, 4));
}

static void a_published_batch_is_done(void **state)
{
	for (uint16_t head = 0; head < 4; head++)
		inflight_take(region, head, head);
	inflight_batch_add(region, 1);
	inflight_batch_add(region, 3);
	inflight_batch_commit(region, SIZE, 2);
	assert_heads((uint16_t[]){ 0, 2 }, 2);
	assert_int_equal(region->used_idx, 2);
}

static void death_before_publishing_keeps_the_batch(void **state)
{
	inflight_take(region, 1, 0);
	inflight_take(region, 2, 1);
	inflight_batch_add(region, 1);
	/* used.idx in the ring is still 0 */
	inflight_batch_commit(region, SIZE, 0);
	assert_heads((uint16_t[]){ 1, 2 }, 2);
}

static void death_after_publishing_finishes_the_batch(void **state)
{
	inflight_take(region, 1, 0);
	inflight_take(region, 2, 1);
	inflight_batch_add(region, 1);
	inflight_batch_commit(region, SIZE, 1);
	inflight_batch_add(region, 2);
	/* used.idx in the ring is 2, the commit did not happen */
	inflight_batch_commit(region, SIZE, 2);
	assert_heads(NULL, 0);
}

static void the_used_index_wraps(void **state)
{
	inflight_reset(region, SIZE, 65535);
	inflight_take(region, 4, 0);
	inflight_take(region, 6, 1);
	inflight_batch_add(region, 6);
	inflight_batch_add(region, 4);
	inflight_batch_commit(region, SIZE, 1);
	assert_heads(NULL, 0);
	assert_int_equal(region->used_idx, 1);
}

static void garbage_gives_heads_in_range(void **state)
{
	uint16_t heads[SIZE];

	srand(1);
	for (int round = 0; round < 2000; round++) {
		uint8_t *bytes = (uint8_t *)region;
		uint16_t n;

		for (size_t i = 0; i < sizeof(*region) + SIZE * sizeof(region->desc[0]); i++)
			bytes[i] = rand();
		inflight_batch_commit(region, SIZE, rand());
		n = inflight_collect(region, SIZE, heads);
		assert_true(n <= SIZE);
		for (uint16_t i = 0; i < n; i++)
			assert_true(heads[i] < SIZE);
	}
}

static uint64_t counter_of(const void *counters, uint16_t head)
{
	return ((const uint64_t *)counters)[head];
}

static uint64_t counter_at_random(const void *nothing, uint16_t head)
{
	return rand();
}

static void heads_are_sorted(void **state)
{
	uint64_t counters[300];
	uint16_t heads[300];

	srand(1);
	for (unsigned n = 0; n < 300; n++) {
		for (unsigned i = 0; i < n; i++) {
			heads[i] = i;
			counters[i] = rand() % 50;
		}
		inflight_sort(heads, n, counter_of, counters);
		for (unsigned i = 1; i < n; i++) {
			assert_true(counters[heads[i - 1]] <= counters[heads[i]]);
			/* Equal counters: the order is one order still. */
			if (counters[heads[i - 1]] == counters[heads[i]])
				assert_true(heads[i - 1] < heads[i]);
		}
	}
}

/* The counters change under it: all heads are there still. */
static void sorting_survives_a_region_that_changes(void **state)
{
	uint16_t heads[300];
	bool seen[300] = { false };

	srand(1);
	for (unsigned i = 0; i < 300; i++)
		heads[i] = i;
	inflight_sort(heads, 300, counter_at_random, NULL);
	for (unsigned i = 0; i < 300; i++) {
		assert_in_range(heads[i], 0, 299);
		assert_false(seen[heads[i]]);
		seen[heads[i]] = true;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("V-86", heads_are_sorted),
		ROW_TEST("V-86 S-08", sorting_survives_a_region_that_changes),
		cmocka_unit_test_setup_teardown(heads_come_back_in_the_order_taken, setup, teardown),
		ROW_TEST_FIXTURE("S-03", a_head_is_taken_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_published_batch_is_done, setup, teardown),
		ROW_TEST_FIXTURE("S-03", death_before_publishing_keeps_the_batch, setup, teardown),
		ROW_TEST_FIXTURE("S-03", death_after_publishing_finishes_the_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(the_used_index_wraps, setup, teardown),
		ROW_TEST_FIXTURE("S-08", garbage_gives_heads_in_range, setup, teardown),
	};

	return cmocka_run_group_tests_name("vhost/state/inflight", tests, NULL, NULL);
}
