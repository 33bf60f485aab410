/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of the IOTLB: ranges, overlaps, a full cache, questions; and a comparison with a plain array. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "vhost/memory/iotlb.h"

#define RW   (IOTLB_READ | IOTLB_WRITE)
#define PAGE 4096ull

static struct iotlb iotlb;

static int setup(void **state)
{
	iotlb_clear(&iotlb);
	return 0;
}

static void put(uint64_t first, uint64_t last, uint64_t user, uint8_t perm)
{
	iotlb_update(&iotlb, &(struct iotlb_range){ .first = first, .last = last, .user = user, .perm = perm });
}

static int find(uint64_t addr, unsigned perm, uint64_t *user, size_t *len)
{
	*len = SIZE_MAX;
	return iotlb_find(&iotlb, addr, perm, user, len);
}

static void assert_there(uint64_t addr, uint64_t want_user, size_t want_len)
{
	uint64_t user;
	size_t len;

	assert_int_equal(find(addr, RW, &user, &len), 0);
	assert_int_equal(user, want_user);
	assert_int_equal(len, want_len);
}

static void assert_missing(uint64_t addr)
{
	uint64_t user;
	size_t len;

	assert_int_equal(find(addr, IOTLB_READ, &user, &len), -EAGAIN);
}

static void a_range_is_found_to_its_end(void **state)
{
	size_t len = 3;
	uint64_t user;

	assert_missing(0);
	put(0x1000, 0x2fff, 0x700000, RW);
	assert_missing(0xfff);
	assert_there(0x1000, 0x700000, 0x2000);
	assert_there(0x2fff, 0x701fff, 1);
	assert_missing(0x3000);
	assert_int_equal(iotlb_find(&iotlb, 0x1ffe, RW, &user, &len), 0);
	assert_int_equal(len, 3);
	/* the whole space, and its ends */
	put(0, UINT64_MAX, 0x10, RW);
	assert_there(0, 0x10, SIZE_MAX);
	assert_there(UINT64_MAX, 0xf, 1);
	iotlb_invalidate(&iotlb, 1, UINT64_MAX - 1);
	assert_there(0, 0x10, 1);
	assert_missing(1);
	assert_missing(UINT64_MAX - 1);
	assert_there(UINT64_MAX, 0xf, 1);
	iotlb_invalidate(&iotlb, 0, UINT64_MAX);
	assert_int_equal(iotlb.n, 0);
}

static void what_is_taken_back_leaves_the_rest(void **state)
{
	put(0x1000, 0x4fff, 0x700000, RW);
	put(0x5000, 0x5fff, 0x900000, RW);
	iotlb_invalidate(&iotlb, 0x2000, 0x2fff);
	assert_there(0x1000, 0x700000, 0x1000);
	assert_missing(0x2000);
	assert_there(0x3000, 0x702000, 0x2000);
	iotlb_invalidate(&iotlb, 0x4000, 0x57ff);
	assert_there(0x3000, 0x702000, 0x1000);
	assert_missing(0x4000);
	assert_missing(0x57ff);
	assert_there(0x5800, 0x900800, 0x800);
	iotlb_invalidate(&iotlb, 0, 0xfff);
	assert_there(0x1000, 0x700000, 0x1000);
}

static void a_new_translation_replaces_the_old(void **state)
{
	put(0x1000, 0x4fff, 0x700000, RW);
	put(0x2000, 0x2fff, 0x900000, RW);
	assert_there(0x1000, 0x700000, 0x1000);
	assert_there(0x2000, 0x900000, 0x1000);
	assert_there(0x3000, 0x702000, 0x2000);
	put(0x2000, 0x2fff, 0xa00000, IOTLB_READ);
	assert_int_equal(iotlb.n, 3);
}

static void when_it_is_full_the_oldest_goes(void **state)
{
	for (uint64_t i = 0; i < IOTLB_MAX; i++)
		put(2 * i * PAGE, 2 * i * PAGE + PAGE - 1, i, RW);
	/* the first is young again */
	put(0, PAGE - 1, 7, RW);
	assert_int_equal(iotlb.n, IOTLB_MAX);
	put(PAGE, 2 * PAGE - 1, 8, RW);
	assert_int_equal(iotlb.n, IOTLB_MAX);
	assert_there(0, 7, PAGE);
	assert_there(PAGE, 8, PAGE);
	assert_missing(2 * PAGE);
	assert_there(4 * PAGE, 2, PAGE);
	/* a split of a full cache costs the oldest, too */
	iotlb_invalidate(&iotlb, 100 * PAGE + 100, 100 * PAGE + 199);
	assert_int_equal(iotlb.n, IOTLB_MAX);
	assert_missing(4 * PAGE);
	assert_there(100 * PAGE, 50, 100);
	assert_there(100 * PAGE + 200, 50 + 200, PAGE - 200);
	for (uint64_t i = 0; i < 10 * IOTLB_MAX; i++)
		put(i * 3 * PAGE, i * 3 * PAGE + PAGE, i, RW);
	assert_int_equal(iotlb.n, IOTLB_MAX);
}

static void one_question_a_page_and_permission(void **state)
{
	assert_true(iotlb_miss(&iotlb, 0x1234, IOTLB_READ));
	assert_false(iotlb_miss(&iotlb, 0x1fff, IOTLB_READ));
	assert_true(iotlb_miss(&iotlb, 0x1fff, IOTLB_WRITE));
	assert_true(iotlb_miss(&iotlb, 0x2000, IOTLB_READ));
	assert_int_equal(iotlb_unsent(&iotlb)->addr, 0x1234);
	iotlb_unsent(&iotlb)->sent = true;
	assert_int_equal(iotlb_unsent(&iotlb)->perm, IOTLB_WRITE);
	iotlb_unsent(&iotlb)->sent = true;
	iotlb_unsent(&iotlb)->sent = true;
	assert_null(iotlb_unsent(&iotlb));
	put(0x1000, 0x1fff, 0x700000, RW);
	assert_int_equal(iotlb.n_misses, 1);
	assert_true(iotlb_miss(&iotlb, 0x1234, IOTLB_READ));
	for (uint64_t i = 0; i < 3 * IOTLB_MISSES_MAX; i++)
		iotlb_miss(&iotlb, i * PAGE + 0x100000, RW);
	assert_int_equal(iotlb.n_misses, IOTLB_MISSES_MAX);
	assert_int_equal(iotlb.misses[IOTLB_MISSES_MAX - 1].addr, 0x100000 + (3 * IOTLB_MISSES_MAX - 1) * PAGE);
}

static void what_is_not_allowed_is_asked_for_once(void **state)
{
	uint64_t user;
	size_t len;

	put(0x1000, 0x1fff, 0x700000, IOTLB_READ);
	assert_int_equal(find(0x1000, IOTLB_READ, &user, &len), 0);
	/* nobody asked for writing yet */
	assert_int_equal(find(0x1000, IOTLB_WRITE, &user, &len), -EAGAIN);
	iotlb_miss(&iotlb, 0x1000, IOTLB_WRITE);
	put(0x1000, 0x1fff, 0x700000, IOTLB_READ);
	assert_int_equal(find(0x1000, IOTLB_WRITE, &user, &len), -EACCES);
	assert_int_equal(find(0x1000, RW, &user, &len), -EACCES);
	assert_int_equal(find(0x1000, IOTLB_READ, &user, &len), 0);
	put(0x1000, 0x1fff, 0x700000, RW);
	assert_int_equal(find(0x1000, RW, &user, &len), 0);
	/* the answer to one question is not the answer to another one */
	iotlb_invalidate(&iotlb, 0x1000, 0x1fff);
	iotlb_miss(&iotlb, 0x1000, IOTLB_READ);
	iotlb_miss(&iotlb, 0x1800, IOTLB_WRITE);
	put(0x1000, 0x1fff, 0x700000, IOTLB_READ);
	assert_int_equal(iotlb.n_misses, 1);
	assert_int_equal(find(0x1800, IOTLB_WRITE, &user, &len), -EAGAIN);
	put(0x1000, 0x1fff, 0x700000, RW);
	assert_int_equal(iotlb.n_misses, 0);
	assert_int_equal(find(0x1800, IOTLB_WRITE, &user, &len), 0);
}

#define SPACE 512

static uint64_t model_user[SPACE];
static uint8_t model_perm[SPACE];

static unsigned random_below(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed / 65536 % n;
}

static void model_compare(void)
{
	for (uint64_t addr = 0; addr < SPACE; addr++) {
		uint64_t user = 0;
		size_t len = SPACE;
		int r = iotlb_find(&iotlb, addr, IOTLB_READ, &user, &len);

		assert_int_equal(r, model_perm[addr] & IOTLB_READ ? 0 : -EAGAIN);
		if (r < 0)
			continue;
		assert_int_equal(user, model_user[addr]);
		assert_in_range(len, 1, SPACE - addr);
		for (size_t i = 0; i < len; i++) {
			assert_true(model_perm[addr + i] & IOTLB_READ);
			assert_int_equal(model_user[addr + i], user + i);
		}
	}
	for (size_t i = 1; i < iotlb.n; i++)
		assert_true(iotlb.entries[i - 1].range.last < iotlb.entries[i].range.first);
}

static void is_what_a_plain_array_is(void **state)
{
	unsigned seed = 4711;

	for (unsigned round = 0; round < 3000; round++) {
		unsigned first = random_below(&seed, SPACE), len = 1 + random_below(&seed, 40);
		unsigned last = first + len - 1 < SPACE ? first + len - 1 : SPACE - 1;
		uint64_t user = (uint64_t)random_below(&seed, 1000) << 20;
		uint8_t perm = 1 + random_below(&seed, 3);
		bool remove = random_below(&seed, 3) == 0;

		if (remove)
			iotlb_invalidate(&iotlb, first, last);
		else
			put(first, last, user, perm);
		for (unsigned addr = first; addr <= last; addr++) {
			model_perm[addr] = remove ? 0 : perm;
			model_user[addr] = user + (addr - first);
		}
		model_compare();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("V-93", a_range_is_found_to_its_end, setup, NULL),
		ROW_TEST_FIXTURE("V-93", what_is_taken_back_leaves_the_rest, setup, NULL),
		ROW_TEST_FIXTURE("V-93", a_new_translation_replaces_the_old, setup, NULL),
		ROW_TEST_FIXTURE("V-93", when_it_is_full_the_oldest_goes, setup, NULL),
		ROW_TEST_FIXTURE("V-93", one_question_a_page_and_permission, setup, NULL),
		ROW_TEST_FIXTURE("V-93", what_is_not_allowed_is_asked_for_once, setup, NULL),
		ROW_TEST_FIXTURE("V-93", is_what_a_plain_array_is, setup, NULL),
	};

	return cmocka_run_group_tests_name("vhost/memory/iotlb", tests, NULL, NULL);
}
