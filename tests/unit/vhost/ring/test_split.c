/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of the split ring, device side, on a ring in plain memory. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest_file.h"
#include "vhost/ring/split.h"
#include "vhost/state/inflight.h"

#define SIZE	  8
#define FILE_SIZE 0x8000
#define TABLE	  0x2000 /* where tests put an indirect table */

static struct ring ring;
static struct vhost_chain chain;
static struct inflight *inflight;

static int setup(void **state)
{
	const struct session_ring_layout layout = { .size = SIZE, .desc = 0, .avail = 0x400, .used = 0x800 };

	inflight = calloc(1, inflight_size(SIZE));
	ring_init(&ring, &split_ops, VIRTIO_F_INDIRECT_DESC, inflight);
	if (!inflight || guest_file_open(FILE_SIZE, FILE_SIZE) < 0 || split_ops.resolve(&ring, &memory, &layout) < 0)
		return -1;
	return split_ops.begin(&ring, 0);
}

static int teardown(void **state)
{
	guest_file_close();
	free(inflight);
	return 0;
}

static void put(unsigned table, unsigned index, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	const struct vring_desc desc = { { htole64(addr) }, le32_make(len), le16_make(flags), le16_make(next) };

	memcpy(file + table + index * sizeof(desc), &desc, sizeof(desc));
}

static struct vring_avail *avail(void)
{
	return (struct vring_avail *)(file + 0x400);
}

static struct vring_used *used(void)
{
	return (struct vring_used *)(file + 0x800);
}

#define NEXT	 VRING_DESC_F_NEXT
#define WRITE	 VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

static int read_chain(uint16_t head)
{
	return split_ops.reread(&ring, &memory, head, &chain);
}

static void a_chain_is_gathered(void **state)
{
	put(0, 1, 0x1000, 2, NEXT, 4);
	put(0, 4, 0x1100, 0, NEXT, 2);
	put(0, 2, 0x1200, 6, NEXT, 3);
	put(0, 3, 0x1300, 2, WRITE, 77);
	assert_int_equal(read_chain(1), 0);
	assert_int_equal(chain.head, 1);
	assert_int_equal(chain.n_read, 2);
	assert_int_equal(chain.read_len, 8);
	assert_int_equal(chain.segments[1].addr.value, 0x1200);
	assert_int_equal(chain.n_write, 1);
	assert_int_equal(chain.write_len, 2);
}

static void a_table_may_follow_direct_descriptors(void **state)
{
	put(0, 0, 0x1000, 8, NEXT, 5);
	put(0, 5, TABLE, 32, INDIRECT | WRITE, 0);
	put(TABLE, 0, 0x1100, 1, NEXT | WRITE, 1);
	put(TABLE, 1, 0x1200, 1, WRITE, 0);
	assert_int_equal(read_chain(0), 0);
	assert_int_equal(chain.n_read, 1);
	assert_int_equal(chain.n_write, 2);
}

static void malformed(uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	put(0, 0, addr, len, flags, next);
	assert_int_equal(read_chain(0), -EINVAL);
}

static void malformed_chains_are_told(void **state)
{
	malformed(0x1000, 8, NEXT, SIZE);
	malformed(0x1000, 8, NEXT, 0);
	put(0, 1, 0x1000, 8, NEXT, 0);
	malformed(0x1000, 8, NEXT, 1);
	put(0, 1, 0x1000, 8, 0, 0);
	malformed(0x1000, 8, NEXT | WRITE, 1); /* readable behind writable */
	put(0, 1, 0x1000, UINT32_MAX, 0, 0);
	malformed(0x1000, UINT32_MAX, NEXT, 1); /* more than 2^32 bytes */
}

static void malformed_tables_are_told(void **state)
{
	malformed(TABLE, 0, INDIRECT, 0);
	malformed(TABLE, 17, INDIRECT, 0);
	malformed(TABLE, UINT32_MAX & ~15u, INDIRECT, 0);
	malformed(FILE_SIZE, 16, INDIRECT, 0);
	malformed(UINT64_MAX - 15, 32, INDIRECT, 0);
	put(TABLE, 0, 0x1000, 8, NEXT, 2);
	malformed(TABLE, 32, INDIRECT, 0);
	put(TABLE, 0, 0x1000, 8, NEXT, 0);
	malformed(TABLE, 32, INDIRECT, 0);
	put(TABLE, 0, TABLE, 16, INDIRECT, 0);
	malformed(TABLE, 32, INDIRECT, 0);
	put(TABLE, 0, 0x1000, 8, 0, 0);
	put(0, 1, 0x1000, 8, 0, 0);
	malformed(TABLE, 16, INDIRECT | NEXT, 1);
	ring.indirect = false;
	malformed(TABLE, 16, INDIRECT, 0);
}

static void too_many_segments_are_told(void **state)
{
	const unsigned n = VHOST_CHAIN_SEGMENTS_MAX;

	for (unsigned i = 0; i < n; i++)
		put(TABLE, i, 0x1000, 1, i + 1 < n ? NEXT : 0, i + 1);
	put(0, 0, TABLE, n * 16, INDIRECT, 0);
	assert_int_equal(read_chain(0), 0);
	assert_int_equal(chain.n_read, n);
	put(TABLE, n - 1, 0x1000, 1, NEXT, n);
	put(TABLE, n, 0x1000, 1, 0, 0);
	malformed(TABLE, (n + 1) * 16, INDIRECT, 0);
}

static void empty_descriptors_have_an_end(void **state)
{
	const struct vring_desc empty = { .flags = le16_make(NEXT) };

	for (unsigned i = 0; i < VHOST_CHAIN_DESCS_MAX; i++) {
		struct vring_desc desc = empty;

		desc.next = le16_make(i + 1);
		memcpy(file + TABLE + i * sizeof(desc), &desc, sizeof(desc));
	}
	put(TABLE, VHOST_CHAIN_DESCS_MAX - 1, 0x1000, 8, 0, 0);
	put(0, 0, TABLE, VHOST_CHAIN_DESCS_MAX * 16, INDIRECT, 0);
	assert_int_equal(read_chain(0), 0);
	assert_int_equal(chain.n_read, 1);
	put(TABLE, VHOST_CHAIN_DESCS_MAX - 1, 0x1000, 0, NEXT, VHOST_CHAIN_DESCS_MAX);
	put(TABLE, VHOST_CHAIN_DESCS_MAX, 0x1000, 8, 0, 0);
	malformed(TABLE, (VHOST_CHAIN_DESCS_MAX + 1) * 16, INDIRECT, 0);
}

static void the_available_index_is_checked(void **state)
{
	put(0, 3, 0x1000, 8, 0, 0);
	put(0, 5, 0x1000, 8, 0, 0);
	assert_int_equal(split_ops.next(&ring, &memory, &chain), 0);
	avail()->ring[0] = le16_make(3);
	avail()->idx = le16_make(SIZE + 1);
	assert_int_equal(split_ops.next(&ring, &memory, &chain), -EIO);
	avail()->idx = le16_make(SIZE);
	assert_int_equal(split_ops.next(&ring, &memory, &chain), 1);
	assert_int_equal(chain.head, 3);
	ring.split.next_avail = 65535;
	avail()->idx = le16_make(1);
	avail()->ring[7] = le16_make(5);
	assert_int_equal(split_ops.next(&ring, &memory, &chain), 1);
	assert_int_equal(chain.head, 5);
	avail()->ring[0] = le16_make(SIZE);
	assert_int_equal(split_ops.next(&ring, &memory, &chain), -EIO);
	avail()->ring[0] = le16_make(3); /* we still hold it */
	assert_int_equal(split_ops.next(&ring, &memory, &chain), -EIO);
}

/* A chain that the driver made available with this head, taken. */
static void take(uint16_t head)
{
	inflight_take(inflight, head, 0);
}

static void return_one(uint16_t head, uint32_t len)
{
	take(head);
	split_ops.put(&ring, head, len);
}

static void used_elements_are_published_together(void **state)
{
	ring.split.used_idx = ring.split.used_published = inflight->used_idx = 65535;
	return_one(4, 2);
	return_one(6, 1);
	split_ops.put(&ring, 7, 1); /* not in flight */
	split_ops.put(&ring, SIZE, 1);
	assert_int_equal(le16_get(used()->idx), 0);
	assert_true(split_ops.publish(&ring));
	assert_int_equal(le16_get(used()->idx), 1);
	assert_int_equal(le32_get(used()->ring[7].id), 4);
	assert_int_equal(le32_get(used()->ring[7].len), 2);
	assert_int_equal(le32_get(used()->ring[0].id), 6);
	assert_false(split_ops.publish(&ring));
	avail()->flags = le16_make(VRING_AVAIL_F_NO_INTERRUPT);
	return_one(1, 1);
	assert_false(split_ops.publish(&ring));
}

static void used_event_decides(void **state)
{
	ring.event_idx = true;
	avail()->flags = le16_make(VRING_AVAIL_F_NO_INTERRUPT); /* to be ignored */
	ring.split.used_idx = ring.split.used_published = inflight->used_idx = 65534;
	avail()->ring[SIZE] = le16_make(0); /* call when used.idx passes 0 */
	return_one(0, 0);
	assert_false(split_ops.publish(&ring)); /* 65535 */
	return_one(1, 0);
	assert_false(split_ops.publish(&ring)); /* 0 */
	return_one(2, 0);
	assert_true(split_ops.publish(&ring)); /* 1 */
	return_one(3, 0);
	assert_false(split_ops.publish(&ring));
	assert_int_equal(le16_get(used()->flags), 0);
}

static void kicks_are_asked_for_by_avail_event(void **state)
{
	struct le16 *avail_event = (struct le16 *)&used()->ring[SIZE];

	*avail_event = le16_make(0x5a5a);
	assert_false(split_ops.arm_kick(&ring));
	assert_int_equal(le16_get(*avail_event), 0x5a5a);
	ring.event_idx = true;
	ring.split.next_avail = 9;
	avail()->idx = le16_make(9);
	assert_false(split_ops.arm_kick(&ring));
	assert_int_equal(le16_get(*avail_event), 9);
	avail()->idx = le16_make(10);
	assert_true(split_ops.arm_kick(&ring));
	assert_int_equal(le16_get(used()->flags), 0);
}

/* What the driver does with it, 2.7.10: whether the chain that it made available last is worth a kick. */
static bool is_kicked(uint16_t new)
{
	const struct le16 *avail_event = (const struct le16 *)&used()->ring[SIZE];

	if (!ring.event_idx)
		return !(le16_get(used()->flags) & VRING_USED_F_NO_NOTIFY);
	return (uint16_t)(new - le16_get(*avail_event) - 1) < 1;
}

static void no_kicks_are_asked_for(void **state)
{
	for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
		ring.event_idx = event_idx;
		ring.split.next_avail = 9;
		avail()->idx = le16_make(9);
		assert_false(split_ops.has_next(&ring));
		split_ops.disarm_kick(&ring);
		assert_false(is_kicked(10));
		assert_false(is_kicked(11));
		avail()->idx = le16_make(11);
		assert_true(split_ops.has_next(&ring));
		ring.split.next_avail = 11;
		assert_false(split_ops.arm_kick(&ring));
		assert_true(is_kicked(12));
		assert_int_equal(le16_get(used()->flags), 0);
	}
}

/* A process that died left that no kick is wanted: its successor, who has not said so, wants them. */
static void kicks_are_asked_for_again(void **state)
{
	used()->flags = le16_make(VRING_USED_F_NO_NOTIFY);
	assert_false(split_ops.arm_kick(&ring));
	assert_true(is_kicked(1));
}

/* Taken up again after its front-end was away: by what we published, and by what the driver must have offered. */
static void a_ring_is_recognized(void **state)
{
	uint16_t heads[SIZE];

	ring.split.used_idx = ring.split.used_published = 100;
	inflight->used_idx = 100;
	used()->idx = le16_make(100);
	avail()->idx = le16_make(102);
	inflight_take(inflight, 3, 0);
	inflight_take(inflight, 5, 1);
	assert_int_equal(split_ops.fingerprint(&ring), 100);
	assert_int_equal(split_ops.recover(&ring, true, 0, heads), 2);
	assert_int_equal(split_ops.recognize(&ring, 100), 1);
	assert_int_equal(split_ops.recognize(&ring, 99), -EIO);
	avail()->idx = le16_make(100 + SIZE);
	assert_int_equal(split_ops.recognize(&ring, 100), 1);
	avail()->idx = le16_make(101 + SIZE);
	assert_int_equal(split_ops.recognize(&ring, 100), -EIO);
	avail()->idx = le16_make(101); /* fewer than are held */
	assert_int_equal(split_ops.recognize(&ring, 100), -EIO);
	/* A new one has an index of 0, too. */
	used()->idx = avail()->idx = le16_make(0);
	inflight_reset(inflight, SIZE, 0);
	assert_int_equal(split_ops.recover(&ring, true, 0, heads), 0);
	assert_int_equal(split_ops.recognize(&ring, 0), 0);
}

/* What was used, or a little less, or what was taken; but not a new ring's, where that is another. */
static void bases_that_fit(void **state)
{
	ring.split.used_published = 100;
	ring.split.next_avail = 103;
	assert_true(split_ops.base_fits(&ring, 103));
	assert_true(split_ops.base_fits(&ring, 100));
	assert_true(split_ops.base_fits(&ring, 103 - SIZE));
	assert_false(split_ops.base_fits(&ring, 102 - SIZE));
	assert_false(split_ops.base_fits(&ring, 104));
	assert_false(split_ops.base_fits(&ring, 0));
	ring.split.used_published = 2;
	ring.split.next_avail = 3;
	assert_false(split_ops.base_fits(&ring, 0));
	assert_true(split_ops.base_fits(&ring, 65535));
	ring.split.used_published = 0;
	assert_true(split_ops.base_fits(&ring, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("R-10 R-12", a_chain_is_gathered, setup, teardown),
		ROW_TEST_FIXTURE("R-30 R-31 R-32", a_table_may_follow_direct_descriptors, setup, teardown),
		ROW_TEST_FIXTURE("R-08 R-09 R-14 R-36", malformed_chains_are_told, setup, teardown),
		ROW_TEST_FIXTURE("R-33 R-34 R-35", malformed_tables_are_told, setup, teardown),
		ROW_TEST_FIXTURE("R-13", too_many_segments_are_told, setup, teardown),
		ROW_TEST_FIXTURE("R-13", empty_descriptors_have_an_end, setup, teardown),
		ROW_TEST_FIXTURE("R-05 R-06 R-07", the_available_index_is_checked, setup, teardown),
		ROW_TEST_FIXTURE("R-20 R-23", used_elements_are_published_together, setup, teardown),
		ROW_TEST_FIXTURE("R-24 R-27", used_event_decides, setup, teardown),
		ROW_TEST_FIXTURE("R-25 R-26", kicks_are_asked_for_by_avail_event, setup, teardown),
		ROW_TEST_FIXTURE("R-25 R-26", no_kicks_are_asked_for, setup, teardown),
		ROW_TEST_FIXTURE("R-25 S-01", kicks_are_asked_for_again, setup, teardown),
		ROW_TEST_FIXTURE("S-08", a_ring_is_recognized, setup, teardown),
		ROW_TEST_FIXTURE("S-02 S-08", bases_that_fit, setup, teardown),
	};

	return cmocka_run_group_tests_name("vhost/ring/split", tests, NULL, NULL);
}
