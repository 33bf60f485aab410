/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of the packed ring, device side, on a ring in plain memory: chains, and when either side is called. */
#include "packed_fixture.h"

#include <errno.h>
#include <string.h>

static void available_is_what_the_wrap_counter_says(void **state)
{
	static const uint16_t not_available[] = { 0, USED, AVAIL | USED };

	for (unsigned i = 0; i < 3; i++) {
		put(0, 0, 0x1000, 8, 3, not_available[i]);
		put(0, 1, 0x1000, 8, 4, LAP_1); /* not next: not looked at */
		assert_int_equal(next(), 0);
	}
	put(0, 0, 0x1000, 8, 3, LAP_1);
	assert_int_equal(next(), 1);
	assert_int_equal(next(), 1);
	assert_int_equal(next(), 0);
	/* The next lap: the other way round. */
	for (unsigned i = 2; i < SIZE; i++) {
		put(0, i, 0x1000, 8, i, LAP_1);
		assert_int_equal(next(), 1);
	}
	packed_ops.put(&ring, 0, 0);
	put(0, 0, 0x1000, 8, 3, LAP_1);
	assert_int_equal(next(), 0);
	put(0, 0, 0x1000, 8, 3, LAP_2);
	assert_int_equal(next(), 1);
}

static void used_descriptors_come_in_order_of_completion(void **state)
{
	uint16_t heads[3];

	for (unsigned i = 0; i < 3; i++) {
		put(0, i, 0x1000 + 8 * i, 8, 10 + i, LAP_1 | WRITE);
		assert_int_equal(next(), 1);
		heads[i] = chain.head;
	}
	packed_ops.put(&ring, heads[1], 1);
	packed_ops.put(&ring, heads[1], 1); /* not in flight any more */
	packed_ops.put(&ring, SIZE, 1);
	assert_desc(0, 11, 1, AVAIL | USED | WRITE);
	assert_desc(1, 11, 8, LAP_1 | WRITE);
	packed_ops.put(&ring, heads[2], 0);
	assert_desc(1, 12, 0, AVAIL | USED); /* nothing written: no WRITE */
	assert_int_equal(le64_get(desc_at(0, 1)->addr), 0x1008);
	assert_desc(2, 12, 8, LAP_1 | WRITE);
	packed_ops.put(&ring, heads[0], 2);
	assert_desc(2, 10, 2, AVAIL | USED | WRITE);
	assert_int_equal(packed_ops.position(&ring), 0x80038003);
}

static void used_flags_follow_the_wrap_counter(void **state)
{
	for (unsigned i = 0; i < SIZE; i++)
		one(i, i, LAP_1);
	assert_int_equal(packed_ops.position(&ring), 0);
	for (unsigned i = 0; i < SIZE; i++)
		one(i, 100 + i, LAP_2);
	for (unsigned i = 0; i < SIZE; i++)
		assert_desc(i, 100 + i, 1, WRITE);
	assert_int_equal(packed_ops.position(&ring), NEW);
}

static void a_list_counts_for_all_its_descriptors(void **state)
{
	uint16_t a;

	put(0, 0, 0x1000, 2, 0xdead, LAP_1 | NEXT);
	put(0, 1, 0x1100, 0, 0xbeef, LAP_1 | NEXT); /* empty */
	put(0, 2, 0x1200, 6, 7, LAP_1 | WRITE);	    /* the id is here */
	put(0, 3, 0x1300, 4, 8, LAP_1);
	assert_int_equal(next(), 1);
	a = chain.head;
	assert_int_equal(chain.n_read, 1);
	assert_int_equal(chain.n_write, 1);
	assert_int_equal(chain.segments[1].addr.value, 0x1200);
	assert_int_equal(next(), 1);
	assert_int_equal(packed_ops.position(&ring), 0x80008004);
	packed_ops.put(&ring, a, 6);
	assert_desc(0, 7, 6, AVAIL | USED | WRITE);
	assert_int_equal(packed_ops.position(&ring), 0x80038004);
	packed_ops.put(&ring, chain.head, 0);
	assert_desc(3, 8, 0, AVAIL | USED);
}

static void a_list_goes_over_the_end_of_the_ring(void **state)
{
	for (unsigned i = 0; i < SIZE - 1; i++)
		one(i, i, LAP_1);
	put(0, SIZE - 1, 0x1000, 8, 0xdead, LAP_1 | NEXT);
	put(0, 0, 0x1100, 2, 77, LAP_2 | WRITE);
	assert_int_equal(next(), 1);
	assert_int_equal(chain.read_len, 8);
	assert_int_equal(chain.write_len, 2);
	packed_ops.put(&ring, chain.head, 2);
	assert_desc(SIZE - 1, 77, 2, AVAIL | USED | WRITE);
	assert_int_equal(packed_ops.position(&ring), 0x00010001);
	one(1, 5, LAP_2);
	assert_desc(1, 5, 1, WRITE);
}

/* 2.8.7: entries in sequence; of their flags only WRITE counts, and ids do not. */
static void a_table_is_read_in_sequence(void **state)
{
	put(0, 0, TABLE, 48, 9, LAP_1 | INDIRECT | WRITE);
	put(TABLE, 0, 0x1000, 4, 0xdead, NEXT | INDIRECT | USED);
	put(TABLE, 1, 0x1100, 4, 0xdead, 0);
	put(TABLE, 2, 0x1200, 2, 0xdead, WRITE | NEXT);
	assert_int_equal(next(), 1);
	assert_int_equal(chain.n_read, 2);
	assert_int_equal(chain.read_len, 8);
	assert_int_equal(chain.n_write, 1);
	assert_int_equal(chain.segments[2].addr.value, 0x1200);
	packed_ops.put(&ring, chain.head, 2);
	assert_desc(0, 9, 2, AVAIL | USED | WRITE);
	assert_int_equal(packed_ops.position(&ring), 0x80018001);
}

/* The chain at the start of a new ring is taken, found malformed, and can be returned. */
static void assert_malformed(unsigned n)
{
	assert_int_equal(next(), -EINVAL);
	packed_ops.put(&ring, chain.head, 0);
	assert_int_equal(packed_ops.position(&ring), NEW + n * 0x10001);
	assert_int_equal(packed_ops.begin(&ring, NEW), 0);
}

static void malformed_chains_are_told(void **state)
{
	put(0, 0, 0x1000, 8, 1, LAP_1 | NEXT | WRITE); /* readable behind writable */
	put(0, 1, 0x1000, 8, 1, LAP_1);
	assert_malformed(2);
	put(0, 0, 0x1000, UINT32_MAX, 1, LAP_1 | NEXT); /* more than 2^32 bytes */
	put(0, 1, 0x1000, UINT32_MAX, 1, LAP_1);
	assert_malformed(2);
	put(0, 0, TABLE, 16, 1, LAP_1 | INDIRECT | NEXT);
	put(0, 1, 0x1000, 8, 1, LAP_1);
	assert_malformed(2);
	put(0, 0, 0x1000, 8, 1, LAP_1 | NEXT); /* a table in a list */
	put(0, 1, TABLE, 16, 1, LAP_1 | INDIRECT);
	assert_malformed(2);
}

static void malformed_tables_are_told(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} tables[] = {
		{ TABLE, 0 },
		{ TABLE, 17 },
		{ TABLE, UINT32_MAX & ~15u },
		{ FILE_SIZE, 16 },
		{ UINT64_MAX - 15, 32 },
		{ FILE_SIZE - 16, 32 },
		{ 0x3000, 64 },
		{ TABLE, (VHOST_CHAIN_DESCS_MAX + 1) * 16 },
	};

	put(0x3000, 3, 0x1000, 8, 0, 0);
	put(0x3000, 2, 0x1000, 8, 0, WRITE); /* then readable */
	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		put(0, 0, tables[i].addr, tables[i].len, 1, LAP_1 | INDIRECT);
		assert_malformed(1);
	}
	put(TABLE, 0, 0x1000, 8, 0, 0);
	ring.indirect = false;
	put(0, 0, TABLE, 16, 1, LAP_1 | INDIRECT);
	assert_malformed(1);
}

static void too_many_segments_are_told(void **state)
{
	for (unsigned i = 0; i <= VHOST_CHAIN_SEGMENTS_MAX; i++)
		put(TABLE, i, 0x1000, 1, 0, 0);
	put(0, 0, TABLE, VHOST_CHAIN_SEGMENTS_MAX * 16, 1, LAP_1 | INDIRECT);
	assert_int_equal(next(), 1);
	assert_int_equal(chain.n_read, VHOST_CHAIN_SEGMENTS_MAX);
	assert_int_equal(packed_ops.begin(&ring, NEW), 0);
	put(0, 0, TABLE, (VHOST_CHAIN_SEGMENTS_MAX + 1) * 16, 1, LAP_1 | INDIRECT);
	assert_malformed(1);
}

static void a_list_longer_than_the_ring_breaks_it(void **state)
{
	for (unsigned i = 0; i < SIZE; i++)
		put(0, i, 0x1000, 8, 1, LAP_1 | NEXT);
	assert_int_equal(next(), -EIO);
	assert_int_equal(packed_ops.position(&ring), NEW);
	/* As long as the ring, or as what is left of it, is fine. */
	put(0, SIZE - 1, 0x1000, 8, 1, LAP_1);
	assert_int_equal(next(), 1);
	assert_int_equal(packed_ops.position(&ring), 0x80000000);
	/* Nothing was returned, and yet there is more. */
	put(0, 0, 0x1000, 8, 1, LAP_2);
	assert_int_equal(next(), -EIO);
}

static void the_driver_decides_when_it_is_called(void **state)
{
	static const struct {
		bool event_idx;
		uint16_t flags, off_wrap;
		bool called;
	} table[] = {
		{ false, VRING_PACKED_EVENT_F_ENABLE, 0x5a5a, true },
		{ false, VRING_PACKED_EVENT_F_DISABLE, 0, false },
		{ false, VRING_PACKED_EVENT_F_DESC, 0x8003, true }, /* not negotiated: not to be waited for */
		{ true, VRING_PACKED_EVENT_F_ENABLE, 0x8003, true },
		{ true, VRING_PACKED_EVENT_F_DISABLE, 0x8001, false },
		{ true, VRING_PACKED_EVENT_F_DISABLE | 0xfffc, 0x8001, false }, /* reserved bits */
		/* Used now: 1 and 2 of the first lap. */
		{ true, VRING_PACKED_EVENT_F_DESC, 0x8000, false },
		{ true, VRING_PACKED_EVENT_F_DESC, 0x8001, true },
		{ true, VRING_PACKED_EVENT_F_DESC, 0x8002, true },
		{ true, VRING_PACKED_EVENT_F_DESC, 0x8003, false },
		{ true, VRING_PACKED_EVENT_F_DESC, 0x8004, false },
		{ true, VRING_PACKED_EVENT_F_DESC, 0x0000, false },
		{ true, VRING_PACKED_EVENT_F_DESC, 0x0001, false },
		{ true, VRING_PACKED_EVENT_F_DESC, 0x0002, false },
		{ true, VRING_PACKED_EVENT_F_DESC, 0x7fff, false }, /* nowhere */
	};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(packed_ops.begin(&ring, NEW), 0);
		assert_false(packed_ops.publish(&ring));
		one(0, 0, LAP_1);
		packed_ops.publish(&ring);
		ring.event_idx = table[i].event_idx;
		event_at(DRIVER)->flags = le16_make(table[i].flags);
		event_at(DRIVER)->off_wrap = le16_make(table[i].off_wrap);
		one(1, 1, LAP_1);
		one(2, 2, LAP_1);
		if (packed_ops.publish(&ring) != table[i].called)
			fail_msg("line %u of the table", i);
		assert_false(packed_ops.publish(&ring)); /* nothing since */
	}
}

/* Used: 3 and 4 of the first lap, 0 of the second. */
static void the_place_to_be_called_at_wraps(void **state)
{
	static const struct {
		uint16_t off_wrap;
		bool called;
	} table[] = {
		{ 0x8002, false }, { 0x8003, true },  { 0x8004, true },
		{ 0x0000, true },  { 0x0001, false }, { 0x8000, false },
	};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(packed_ops.begin(&ring, NEW), 0);
		ring.event_idx = true;
		for (unsigned j = 0; j < 3; j++)
			one(j, j, LAP_1);
		packed_ops.publish(&ring);
		event_at(DRIVER)->flags = le16_make(VRING_PACKED_EVENT_F_DESC);
		event_at(DRIVER)->off_wrap = le16_make(table[i].off_wrap);
		one(3, 3, LAP_1);
		one(4, 4, LAP_1);
		one(0, 0, LAP_2);
		if (packed_ops.publish(&ring) != table[i].called)
			fail_msg("line %u of the table", i);
	}
}

static void kicks_are_asked_for(void **state)
{
	event_at(DEVICE)->flags = le16_make(0x5a5a);
	assert_int_equal(packed_ops.begin(&ring, NEW), 0);
	assert_int_equal(le16_get(event_at(DEVICE)->flags), VRING_PACKED_EVENT_F_ENABLE);
	assert_false(packed_ops.arm_kick(&ring));
	assert_int_equal(le16_get(event_at(DEVICE)->flags), VRING_PACKED_EVENT_F_ENABLE);
	ring.event_idx = true;
	one(0, 0, LAP_1);
	assert_false(packed_ops.arm_kick(&ring));
	assert_int_equal(le16_get(event_at(DEVICE)->flags), VRING_PACKED_EVENT_F_DESC);
	assert_int_equal(le16_get(event_at(DEVICE)->off_wrap), 0x8001);
	put(0, 1, 0x1000, 8, 1, LAP_1);
	assert_true(packed_ops.arm_kick(&ring)); /* it has come meanwhile */
	for (unsigned i = 1; i < SIZE; i++)
		one(i, i, LAP_1);
	put(0, 0, 0, 0, 0, AVAIL | USED);
	assert_false(packed_ops.arm_kick(&ring));
	assert_int_equal(le16_get(event_at(DEVICE)->off_wrap), 0x0000);
}

/* With or without EVENT_IDX; and what is there is what shows that the ring was used, see packed_looks_new(). */
static void no_kicks_are_asked_for(void **state)
{
	for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
		assert_int_equal(packed_ops.begin(&ring, NEW), 0);
		ring.event_idx = event_idx;
		packed_ops.disarm_kick(&ring);
		assert_int_equal(le16_get(event_at(DEVICE)->flags), VRING_PACKED_EVENT_F_DISABLE);
		assert_int_equal(le16_get(event_at(DEVICE)->off_wrap), 0x8000);
		assert_false(packed_ops.has_next(&ring));
		put(0, 0, 0x1000, 8, 0, LAP_1);
		assert_true(packed_ops.has_next(&ring));
		one(0, 0, LAP_1);
		assert_false(packed_ops.looks_new(&ring, false));
		assert_int_equal(packed_ops.fingerprint(&ring), le16_get(event_at(DEVICE)->off_wrap));
		assert_int_equal(packed_ops.recognize(&ring, packed_ops.fingerprint(&ring)), 1);
		assert_false(packed_ops.arm_kick(&ring));
		assert_int_equal(le16_get(event_at(DEVICE)->flags),
				 event_idx ? VRING_PACKED_EVENT_F_DESC : VRING_PACKED_EVENT_F_ENABLE);
		assert_int_equal(le16_get(event_at(DEVICE)->off_wrap), 0x8001);
		memset(file, 0, SIZE * 16);
	}
}

/* A process that died left that no kick is wanted: its successor, who has not said so, wants them. */
static void kicks_are_asked_for_again(void **state)
{
	event_at(DEVICE)->flags = le16_make(VRING_PACKED_EVENT_F_DISABLE);
	assert_false(packed_ops.arm_kick(&ring));
	assert_int_equal(le16_get(event_at(DEVICE)->flags), VRING_PACKED_EVENT_F_ENABLE);
}

static void sizes_and_places_are_checked(void **state)
{
	static const uint32_t good[] = { 1, 2, 3, 5, 7, 1000, 32767, 32768 };
	struct session_ring_layout layout = { .size = SIZE, .desc = 0, .avail = DRIVER, .used = DEVICE };

	for (unsigned i = 0; i < 8; i++)
		assert_true(packed_ops.size_valid(good[i]));
	assert_false(packed_ops.size_valid(0));
	assert_false(packed_ops.size_valid(32769));
	layout.desc = 8;
	assert_int_equal(packed_ops.resolve(&ring, &memory, &layout), -EFAULT);
	layout.desc = FILE_SIZE - SIZE * 16;
	assert_int_equal(packed_ops.resolve(&ring, &memory, &layout), 0);
	layout.desc += 16;
	assert_int_equal(packed_ops.resolve(&ring, &memory, &layout), -EFAULT);
	layout.desc = 0;
	layout.avail = DRIVER + 2;
	assert_int_equal(packed_ops.resolve(&ring, &memory, &layout), -EFAULT);
	layout.avail = FILE_SIZE - 4;
	layout.used = FILE_SIZE - 4;
	assert_int_equal(packed_ops.resolve(&ring, &memory, &layout), 0);
	layout.used = FILE_SIZE - 2;
	assert_int_equal(packed_ops.resolve(&ring, &memory, &layout), -EFAULT);
}

#define T(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T("P-04 P-03", available_is_what_the_wrap_counter_says),
		T("P-05 P-06 P-11", used_descriptors_come_in_order_of_completion),
		T("P-03 P-05", used_flags_follow_the_wrap_counter),
		T("P-07 P-08", a_list_counts_for_all_its_descriptors),
		T("P-09", a_list_goes_over_the_end_of_the_ring),
		T("P-10", a_table_is_read_in_sequence),
		T("P-14 P-16", malformed_chains_are_told),
		T("P-14 P-16", malformed_tables_are_told),
		T("P-16", too_many_segments_are_told),
		T("P-14", a_list_longer_than_the_ring_breaks_it),
		T("P-12", the_driver_decides_when_it_is_called),
		T("P-12", the_place_to_be_called_at_wraps),
		T("P-13", kicks_are_asked_for),
		T("P-13 P-15 S-08", no_kicks_are_asked_for),
		T("P-13 S-01", kicks_are_asked_for_again),
		T("P-01 P-02", sizes_and_places_are_checked),
	};

	return cmocka_run_group_tests_name("vhost/ring/packed", tests, NULL, NULL);
}
