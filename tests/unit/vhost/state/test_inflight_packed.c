/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of the in-flight region of packed rings: format, order, and a death after any store. */
#include "rows.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "vhost/state/inflight_packed.h"

#define SIZE 8

static struct inflight_packed *region;

static int setup(void **state)
{
	region = calloc(1, inflight_packed_size(SIZE));
	if (!region)
		return -1;
	inflight_packed_reset(region, SIZE, 0, true);
	return 0;
}

static int teardown(void **state)
{
	free(region);
	return 0;
}

/* vhost-user.rst, "Inflight I/O tracking": the offsets of the fields there. */
static void the_format_is_the_documented_one(void **state)
{
	assert_int_equal(offsetof(struct inflight_packed, version), 8);
	assert_int_equal(offsetof(struct inflight_packed, desc_num), 10);
	assert_int_equal(offsetof(struct inflight_packed, free_head), 12);
	assert_int_equal(offsetof(struct inflight_packed, old_free_head), 14);
	assert_int_equal(offsetof(struct inflight_packed, used.idx), 16);
	assert_int_equal(offsetof(struct inflight_packed, used.old_idx), 18);
	assert_int_equal(offsetof(struct inflight_packed, used.wrap_counter), 20);
	assert_int_equal(offsetof(struct inflight_packed, used.old_wrap_counter), 21);
	assert_int_equal(offsetof(struct inflight_packed, desc), 32);
	assert_int_equal(offsetof(struct inflight_packed_desc, next), 2);
	assert_int_equal(offsetof(struct inflight_packed_desc, last), 4);
	assert_int_equal(offsetof(struct inflight_packed_desc, num), 6);
	assert_int_equal(offsetof(struct inflight_packed_desc, counter), 8);
	assert_int_equal(offsetof(struct inflight_packed_desc, id), 16);
	assert_int_equal(offsetof(struct inflight_packed_desc, flags), 18);
	assert_int_equal(offsetof(struct inflight_packed_desc, len), 20);
	assert_int_equal(offsetof(struct inflight_packed_desc, addr), 24);
	assert_int_equal(inflight_packed_size(SIZE) % 64, 0);
	assert_true(inflight_packed_size(SIZE) >= 32 + SIZE * 32);
	assert_int_equal(region->version, 1);
	assert_int_equal(region->desc_num, SIZE);
}

/* Takes a chain of n descriptors, with ids from id on. -1: there is no room. */
static int take(unsigned n, uint16_t id, uint64_t counter)
{
	struct inflight_packed_chain chain;

	inflight_packed_begin(region, &chain);
	for (unsigned i = 0; i < n; i++) {
		const struct inflight_packed_desc desc = { .id = id + i, .len = i, .addr = 100 * i };

		if (!inflight_packed_add(region, SIZE, &chain, &desc))
			return -1;
	}
	inflight_packed_take(region, &chain, counter);
	return chain.head;
}

static void give_back(uint16_t head, uint16_t used_idx)
{
	struct inflight_packed_chain chain;

	assert_true(inflight_packed_get(region, SIZE, head, &chain));
	inflight_packed_return(region, &chain, used_idx, true);
	assert_true(inflight_packed_is_returning(region));
	inflight_packed_returned(region, &chain);
	assert_false(inflight_packed_is_returning(region));
}

static void assert_heads(const int *expected, uint16_t n, uint32_t n_descs)
{
	uint16_t heads[SIZE];
	uint32_t descs;

	assert_int_equal(inflight_packed_collect(region, SIZE, heads, &descs), n);
	assert_int_equal(descs, n_descs);
	for (uint16_t i = 0; i < n; i++)
		assert_int_equal(heads[i], expected[i]);
}

static void chains_come_back_in_the_order_taken(void **state)
{
	struct inflight_packed_chain chain;
	int a = take(2, 10, 7), b = take(1, 20, 8), c = take(3, 30, 9), d;

	assert_heads((int[]){ a, b, c }, 3, 6);
	assert_true(inflight_packed_get(region, SIZE, a, &chain));
	assert_int_equal(chain.num, 2);
	assert_int_equal(chain.id, 11); /* of the last descriptor */
	give_back(a, 2);
	assert_false(inflight_packed_get(region, SIZE, a, &chain));
	d = take(3, 40, 10); /* entries of a, and of those never used */
	assert_heads((int[]){ b, c, d }, 3, 7);
	assert_true(inflight_packed_get(region, SIZE, d, &chain));
	assert_int_equal(chain.id, 42);
}

static void no_more_entries_than_the_ring_has(void **state)
{
	int a;

	assert_int_equal(take(SIZE + 1, 0, 0), -1);
	a = take(SIZE - 1, 0, 0);
	assert_int_equal(take(2, 0, 1), -1);
	assert_heads((int[]){ a }, 1, SIZE - 1);
	assert_true(take(1, 0, 1) >= 0);
	assert_int_equal(take(1, 0, 2), -1);
	give_back(a, SIZE - 1);
	assert_true(take(SIZE - 1, 0, 2) >= 0);
}

static void death_while_taking_takes_nothing(void **state)
{
	struct inflight_packed_chain chain;
	const struct inflight_packed_desc desc = { .id = 9 };
	int a = take(2, 10, 0);

	inflight_packed_begin(region, &chain);
	assert_true(inflight_packed_add(region, SIZE, &chain, &desc));
	inflight_packed_recover(region, SIZE, false);
	assert_heads((int[]){ a }, 1, 2);
	/* The mark is set, the free list has not moved on. */
	region->desc[chain.head].num = 1;
	region->desc[chain.head].last = chain.head;
	region->desc[chain.head].inflight = 1;
	region->free_head = chain.next_free;
	inflight_packed_recover(region, SIZE, false);
	assert_heads((int[]){ a }, 1, 2);
	assert_int_equal(take(SIZE - 2, 20, 1), chain.head);
}

static void death_before_the_driver_sees_it_keeps_the_chain(void **state)
{
	struct inflight_packed_chain chain;
	int a = take(2, 10, 0), b = take(1, 20, 1);

	assert_true(inflight_packed_get(region, SIZE, a, &chain));
	inflight_packed_return(region, &chain, 2, true);
	inflight_packed_recover(region, SIZE, false);
	assert_false(inflight_packed_is_returning(region));
	assert_int_equal(region->used.idx, 0);
	assert_heads((int[]){ a, b }, 2, 3);
	give_back(a, 2);
	assert_heads((int[]){ b }, 1, 1);
	assert_true(take(SIZE - 1, 30, 2) >= 0);
}

static void death_after_the_driver_saw_it_ends_the_chain(void **state)
{
	struct inflight_packed_chain chain;
	int a = take(2, 10, 0), b = take(1, 20, 1);

	assert_true(inflight_packed_get(region, SIZE, a, &chain));
	inflight_packed_return(region, &chain, 2, false); /* into the next lap */
	inflight_packed_recover(region, SIZE, true);
	assert_int_equal(region->used.idx, 2);
	assert_int_equal(region->used.wrap_counter, 0);
	assert_heads((int[]){ b }, 1, 1);
	assert_true(take(SIZE - 1, 30, 2) >= 0);
}

/* A chain as long as the ring: the index is the same before and after, the wrap counter is not. */
static void a_whole_lap_is_a_return(void **state)
{
	struct inflight_packed_chain chain;
	int a = take(SIZE, 10, 0);

	assert_true(inflight_packed_get(region, SIZE, a, &chain));
	inflight_packed_return(region, &chain, 0, false);
	assert_true(inflight_packed_is_returning(region));
	inflight_packed_recover(region, SIZE, true);
	assert_heads(NULL, 0, 0);
}

static void garbage_gives_heads_in_range(void **state)
{
	uint16_t heads[SIZE];
	uint32_t n_descs;

	srand(1);
	for (int round = 0; round < 20000; round++) {
		uint8_t *bytes = (uint8_t *)region;
		struct inflight_packed_chain chain;
		uint16_t n;

		for (size_t i = 0; i < sizeof(*region) + SIZE * sizeof(region->desc[0]); i++)
			bytes[i] = rand();
		/* Half of them plausible: small numbers, marks of 0 and 1. */
		for (unsigned i = 0; round % 2 && i < SIZE; i++) {
			region->desc[i].inflight &= 1;
			region->desc[i].next %= SIZE + 1;
			region->desc[i].last %= SIZE + 1;
			region->desc[i].num %= SIZE + 2;
		}
		region->old_free_head %= SIZE + 1;
		inflight_packed_recover(region, SIZE, rand() & 1);
		n = inflight_packed_collect(region, SIZE, heads, &n_descs);
		assert_true(n <= SIZE);
		for (uint16_t i = 0; i < n; i++) {
			assert_true(heads[i] < SIZE);
			assert_true(inflight_packed_get(region, SIZE, heads[i], &chain));
			assert_true(chain.last < SIZE && chain.num > 0 && chain.num <= SIZE);
			inflight_packed_return(region, &chain, 0, false);
			inflight_packed_returned(region, &chain);
		}
		while (take(1, 0, 0) >= 0)
			assert_true(n_descs++ < 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_format_is_the_documented_one, setup, teardown),
		cmocka_unit_test_setup_teardown(chains_come_back_in_the_order_taken, setup, teardown),
		ROW_TEST_FIXTURE("P-14", no_more_entries_than_the_ring_has, setup, teardown),
		ROW_TEST_FIXTURE("S-03", death_while_taking_takes_nothing, setup, teardown),
		ROW_TEST_FIXTURE("S-03", death_before_the_driver_sees_it_keeps_the_chain, setup, teardown),
		ROW_TEST_FIXTURE("S-03", death_after_the_driver_saw_it_ends_the_chain, setup, teardown),
		ROW_TEST_FIXTURE("S-03", a_whole_lap_is_a_return, setup, teardown),
		ROW_TEST_FIXTURE("S-08", garbage_gives_heads_in_range, setup, teardown),
	};

	return cmocka_run_group_tests_name("vhost/state/inflight_packed", tests, NULL, NULL);
}
