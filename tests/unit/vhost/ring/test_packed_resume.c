/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where a packed ring begins, and how one that ran is told from a new one and taken up again. */
#include "packed_fixture.h"

#include <errno.h>
#include <string.h>

static void begins_where_the_front_end_says(void **state)
{
	assert_int_equal(packed_ops.begin(&ring, 0x00028004), -EINVAL); /* available is behind used */
	assert_int_equal(packed_ops.begin(&ring, 0x80058005), -EINVAL);
	assert_int_equal(packed_ops.begin(&ring, 0x80008005), -EINVAL);
	assert_int_equal(packed_ops.begin(&ring, 0x80028004), 2);
	assert_int_equal(packed_ops.begin(&ring, 0x80040001), 2); /* over the end */
	assert_int_equal(packed_ops.begin(&ring, 0x80020002), SIZE);
	assert_int_equal(packed_ops.begin(&ring, 0x80020003), -EINVAL);
	assert_int_equal(packed_ops.begin(&ring, 0x00030003), 0);
	one(3, 9, LAP_2);
	assert_desc(3, 9, 1, WRITE);
	/* 0 of a front-end that knows no wrap counters: the first lap; else that of a ring in its second. */
	put(0, 0, 0x1000, 8, 1, 0);
	assert_int_equal(packed_ops.begin(&ring, 0), 0);
	assert_int_equal(packed_ops.position(&ring), NEW);
	put(0, 0, 0x1000, 8, 1, LAP_1);
	assert_int_equal(packed_ops.begin(&ring, 0), 0);
	assert_int_equal(packed_ops.position(&ring), NEW);
	put(0, 0, 0x1000, 8, 1, AVAIL | USED);
	assert_int_equal(packed_ops.begin(&ring, 0), 0);
	assert_int_equal(packed_ops.position(&ring), 0);
	put(0, 0, 0x1000, 8, 1, LAP_2);
	assert_int_equal(packed_ops.begin(&ring, 0), 0);
	assert_int_equal(packed_ops.position(&ring), 0);
	assert_int_equal(next(), 1);
}

/* Pause or reset? What only differs by memory at the places that a ring starts from. */
static void a_used_ring_does_not_look_new(void **state)
{
	uint16_t heads[SIZE];

	for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
		assert_int_equal(packed_ops.begin(&ring, NEW), 0);
		ring.event_idx = event_idx;
		/* Started, and nobody ever used it. */
		assert_false(packed_ops.looks_new(&ring, false));
		for (unsigned lap = 0; lap < 4; lap++) {
			for (unsigned i = 0; i < SIZE; i++)
				one(i, i, lap % 2 ? LAP_2 : LAP_1);
			packed_ops.arm_kick(&ring);
			assert_int_equal(packed_ops.recover(&ring, true, 0, heads), 0);
			assert_int_equal(packed_ops.position(&ring), lap % 2 ? NEW : 0);
			assert_false(packed_ops.looks_new(&ring, false));
			assert_false(packed_ops.looks_new(&ring, true));
		}
		memset(file, 0, SIZE * 16);
		memset(event_at(DRIVER), 0, 4);
		memset(event_at(DEVICE), 0, 4);
		assert_true(packed_ops.looks_new(&ring, false));
		put(0, 0, 0x1000, 8, 1, LAP_1);
		assert_true(packed_ops.looks_new(&ring, false));
		one(0, 0, LAP_1);
		assert_false(packed_ops.looks_new(&ring, false)); /* not at the start */
		memset(file, 0, SIZE * 16);
	}
}

/* Taken up again after its front-end was away: by what we wrote, and by what the driver offered and we did not use. */
static void a_ring_is_recognized(void **state)
{
	uint16_t heads[SIZE], first;

	/* Not moved yet, a new one would look the same. */
	assert_int_equal(packed_ops.recover(&ring, true, 0, heads), 0);
	assert_int_equal(packed_ops.recognize(&ring, packed_ops.fingerprint(&ring)), 0);
	put(0, 0, 0x1000, 8, 0, LAP_1);
	assert_int_equal(next(), 1);
	first = chain.head;
	one(1, 1, LAP_1);
	put(0, 2, 0x1000, 8, 2, LAP_1);
	assert_int_equal(next(), 1);
	packed_ops.arm_kick(&ring);
	/* Used at 0, held from 1 on. */
	assert_int_equal(packed_ops.recover(&ring, true, 0, heads), 2);
	assert_int_equal(heads[0], first);
	assert_int_equal(packed_ops.fingerprint(&ring), 0x8003);
	assert_int_equal(packed_ops.recognize(&ring, 0x8003), 1);
	assert_int_equal(packed_ops.recognize(&ring, 0x8002), -EIO);
	event_at(DEVICE)->off_wrap = le16_make(0);
	assert_int_equal(packed_ops.recognize(&ring, 0x8003), -EIO);
	event_at(DEVICE)->off_wrap = le16_make(0x8003);
	for (unsigned i = 1; i <= 2; i++) {
		put(0, i, 0x1000, 8, 0, 0);
		assert_int_equal(packed_ops.recognize(&ring, 0x8003), -EIO);
		put(0, i, 0x1000, 8, 0, LAP_1 | USED);
		assert_int_equal(packed_ops.recognize(&ring, 0x8003), -EIO);
		put(0, i, 0x1000, 8, 0, LAP_1);
	}
	assert_int_equal(packed_ops.recognize(&ring, 0x8003), 1);
	assert_true(packed_ops.base_fits(&ring, 0x80018003));
	assert_true(packed_ops.base_fits(&ring, 0x80018001));
	assert_false(packed_ops.base_fits(&ring, 0x80038003));
	assert_false(packed_ops.base_fits(&ring, NEW));
	assert_false(packed_ops.base_fits(&ring, 0));
}

/* At the start of a second lap, what was written where the next kick is wanted is what a reset leaves: 0. */
static void a_ring_in_its_second_lap_is_recognized(void **state)
{
	uint16_t heads[SIZE];

	for (unsigned i = 0; i < SIZE; i++)
		one(i, i, LAP_1);
	packed_ops.arm_kick(&ring);
	assert_int_equal(packed_ops.fingerprint(&ring), 0);
	assert_int_equal(packed_ops.recover(&ring, true, 0, heads), 0);
	assert_int_equal(packed_ops.recognize(&ring, 0), 1);
	memset(file, 0, SIZE * 16);
	assert_int_equal(packed_ops.recognize(&ring, 0), 0);
}

static void what_is_in_flight_is_recovered(void **state)
{
	uint16_t heads[SIZE], a, b;

	for (unsigned i = 0; i < 3; i++)
		one(i, i, LAP_1);
	put(0, 3, 0x1000, 8, 30, LAP_1);
	put(0, 4, 0x1100, 8, 0, LAP_1 | NEXT);
	put(0, 0, 0x1200, 2, 40, LAP_2 | WRITE);
	assert_int_equal(next(), 1);
	a = chain.head;
	assert_int_equal(next(), 1);
	b = chain.head;
	ring.packed.next_avail = ring.packed.next_used = (struct packed_cursor){ 0 };
	assert_int_equal(packed_ops.recover(&ring, true, 0, heads), 2);
	assert_int_equal(packed_ops.position(&ring), 0x80030001);
	assert_int_equal(heads[0], a);
	assert_int_equal(heads[1], b);
	/* Not from the ring, where a used descriptor may be by now. */
	put(0, 4, 0, 0, 0, 0);
	assert_int_equal(packed_ops.reread(&ring, &memory, b, &chain), 0);
	assert_int_equal(chain.segments[0].addr.value, 0x1100);
	assert_int_equal(chain.segments[1].addr.value, 0x1200);
	packed_ops.put(&ring, b, 2);
	assert_desc(3, 40, 2, AVAIL | USED | WRITE);
	packed_ops.put(&ring, a, 0);
	assert_desc(0, 30, 0, 0);
	/* What the front-end had taken before us, and that we never saw, stays between the indices. */
	assert_int_equal(packed_ops.begin(&ring, 0x80018003), 2);
	assert_int_equal(packed_ops.recover(&ring, true, 2, heads), 0);
	assert_int_equal(packed_ops.position(&ring), 0x80018003);
	assert_int_equal(packed_ops.recover(&ring, true, SIZE + 1, heads), -EIO);
}

static void regions_that_make_no_sense_are_told(void **state)
{
	uint16_t heads[SIZE];

	assert_int_equal(packed_ops.recover(&ring, true, 0, heads), 0);
	inflight->used.idx = 1; /* in the middle of a return, though it stopped in good order */
	assert_int_equal(packed_ops.recover(&ring, true, 0, heads), -EIO);
	inflight->used.idx = SIZE;
	assert_int_equal(packed_ops.recover(&ring, false, 0, heads), -EIO);
	inflight->used.idx = 0;
	inflight->used.old_idx = SIZE;
	assert_int_equal(packed_ops.recover(&ring, false, 0, heads), -EIO);
	inflight->used.old_idx = 0;
	inflight->used.wrap_counter = 2;
	assert_int_equal(packed_ops.recover(&ring, false, 0, heads), -EIO);
	inflight->used.wrap_counter = 1;
	/* More descriptors in flight than the ring has. */
	for (unsigned i = 0; i < 2; i++) {
		inflight->desc[i].inflight = 1;
		inflight->desc[i].num = SIZE - 1;
		inflight->desc[i].last = i;
	}
	inflight->old_free_head = 2;
	assert_int_equal(packed_ops.recover(&ring, false, 0, heads), -EIO);
}

#define T(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T("P-03 P-15", begins_where_the_front_end_says),   T("P-15", a_used_ring_does_not_look_new),
		T("P-15", what_is_in_flight_is_recovered),	   T("S-08", a_ring_is_recognized),
		T("S-08", a_ring_in_its_second_lap_is_recognized), T("S-08", regions_that_make_no_sense_are_told),
	};

	return cmocka_run_group_tests_name("vhost/ring/packed_resume", tests, NULL, NULL);
}
