/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Descriptors of the split ring that no driver should write: each comes back unexecuted, and the ring lives on. */
#include "session.h"

#include <pthread.h>

#include "chain.h"

/* Chains of two descriptors that a test spoils, then sends: they come back with length 0, unexecuted. */
struct spoiled {
	struct session *s;
	uint16_t d[2];
	uint64_t request, space;
};

static struct spoiled spoiled_make(struct session *s)
{
	struct spoiled spoiled = { .s = s, .request = chain_set_in(s), .space = chain_space(s, 2) };
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];

	ring_desc_take(ring, spoiled.d, 2);
	ring_desc_set(ring, spoiled.d[0], spoiled.request, 8, DESC_F_NEXT, spoiled.d[1]);
	ring_desc_set(ring, spoiled.d[1], spoiled.space, 2, DESC_F_WRITE, 0);
	return spoiled;
}

static void assert_spoiled(struct spoiled *spoiled)
{
	struct session *s = spoiled->s;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	struct ring_used used;

	ring_publish_head(ring, spoiled->d[0]);
	ring_notify(ring);
	used = ring_wait(ring);
	assert_int_equal(used.id, spoiled->d[0]);
	assert_int_equal(used.len, 0);
	assert_true(chain_untouched(s, spoiled->space, 0, 2));
	assert_was_not_executed(s);
}

static void next_out_of_range(void **state)
{
	static const uint16_t wild[] = { VMM_RING_SIZE, VMM_RING_SIZE + 1, 0x7fff, 0xffff };
	struct session *s = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct spoiled bad = spoiled_make(s);

		ring_desc_set(&s->vmm.rings[0], bad.d[0], bad.request, 8, DESC_F_NEXT, wild[i]);
		assert_spoiled(&bad);
	}
}

static void loops(void **state)
{
	struct session *s = *state;
	struct spoiled self = spoiled_make(s), pair = spoiled_make(s), writing = spoiled_make(s);

	ring_desc_set(&s->vmm.rings[0], self.d[0], self.request, 8, DESC_F_NEXT, self.d[0]);
	assert_spoiled(&self);
	ring_desc_set(&s->vmm.rings[0], pair.d[1], pair.request, 8, DESC_F_NEXT, pair.d[0]);
	assert_spoiled(&pair);
	ring_desc_set(&s->vmm.rings[0], writing.d[1], writing.space, 2, DESC_F_NEXT | DESC_F_WRITE, writing.d[1]);
	assert_spoiled(&writing);
}

static void chain_of_more_than_4_gib(void **state)
{
	struct session *s = *state;
	struct spoiled bad = spoiled_make(s);

	ring_desc_set(&s->vmm.rings[0], bad.d[0], bad.request, 0xffffffff, DESC_F_NEXT, bad.d[1]);
	ring_desc_set(&s->vmm.rings[0], bad.d[1], bad.space, 0xffffffff, DESC_F_WRITE, 0);
	assert_spoiled(&bad);
}

/* A table of two entries, for head d[0]. */
static uint64_t table_make(struct spoiled *spoiled)
{
	struct split_desc table[2] = { { spoiled->request, 8, DESC_F_NEXT, 1 },
				       { spoiled->space, 2, DESC_F_WRITE, 0 } };
	uint64_t addr = memory_alloc(&spoiled->s->vmm.memory, 0, sizeof(table), 16);

	memory_write(&spoiled->s->vmm.memory, addr, table, sizeof(table));
	ring_desc_set(&spoiled->s->vmm.rings[0], spoiled->d[0], addr, sizeof(table), DESC_F_INDIRECT, 0);
	return addr;
}

static void table_set(struct spoiled *spoiled, uint64_t table, unsigned i, uint16_t flags, uint16_t next)
{
	struct split_desc *desc = memory_at(&spoiled->s->vmm.memory, table + 16 * i, 16);

	desc->flags = flags;
	desc->next = next;
}

static void write_flag_on_a_table_is_ignored(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	struct spoiled good = spoiled_make(s);
	uint64_t table = table_make(&good);

	ring_desc_set(ring, good.d[0], table, 32, DESC_F_INDIRECT | DESC_F_WRITE, 0xffff);
	ring_publish_head(ring, good.d[0]);
	ring_notify(ring);
	assert_int_equal(ring_wait(ring).len, 2);
	assert_int_equal(chain_byte(s, good.space, 0), GPIO_OK);
	assert_was_executed(s);
}

static void table_in_a_table(void **state)
{
	struct session *s = *state;
	struct spoiled bad = spoiled_make(s), first = spoiled_make(s);

	table_set(&bad, table_make(&bad), 1, DESC_F_INDIRECT, 0);
	assert_spoiled(&bad);
	table_set(&first, table_make(&first), 0, DESC_F_INDIRECT | DESC_F_NEXT, 1);
	assert_spoiled(&first);
}

static void table_with_next(void **state)
{
	struct session *s = *state;
	struct spoiled bad = spoiled_make(s);
	uint64_t table = table_make(&bad);

	ring_desc_set(&s->vmm.rings[0], bad.d[0], table, 32, DESC_F_INDIRECT | DESC_F_NEXT, bad.d[1]);
	assert_spoiled(&bad);
}

static void tables_that_make_no_sense(void **state)
{
	const struct {
		uint64_t addr; /* 0: the good one */
		uint32_t len;
	} wrong[] = {
		{ 0, 0 },
		{ 0, 8 },
		{ 0, 17 },
		{ 0, 0xfffffff0 },
		{ 0x10, 32 },
		{ MEMORY_DEFAULT_BASE - 16, 32 },
		{ MEMORY_DEFAULT_BASE + 2 * MEMORY_DEFAULT_SIZE - 16, 32 },
		{ 0xfffffffffffffff0ull, 32 },
	};
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct spoiled bad = spoiled_make(s);
		uint64_t table = table_make(&bad), at = wrong[i].addr ? wrong[i].addr : table;

		/* The entry that can be read leads to the one that cannot. */
		if (at > table)
			memory_write(&s->vmm.memory, MEMORY_DEFAULT_BASE + 2 * MEMORY_DEFAULT_SIZE - 16,
				     &(struct split_desc){ bad.request, 8, DESC_F_NEXT, 1 }, 16);
		ring_desc_set(&s->vmm.rings[0], bad.d[0], at, wrong[i].len, DESC_F_INDIRECT, 0);
		assert_spoiled(&bad);
	}
}

static void entries_of_a_table_that_make_no_sense(void **state)
{
	struct session *s = *state;
	struct spoiled beyond = spoiled_make(s), self = spoiled_make(s);

	table_set(&beyond, table_make(&beyond), 0, DESC_F_NEXT, 2);
	assert_spoiled(&beyond);
	table_set(&self, table_make(&self), 0, DESC_F_NEXT, 0);
	assert_spoiled(&self);
}

static void table_without_negotiation(void **state)
{
	struct session *s = *state;
	struct spoiled bad;

	vmm_start_with(&s->vmm, session_socket(s), VMM_FEATURES & ~FEATURE(VIRTIO_F_INDIRECT_DESC));
	bad = spoiled_make(s);
	table_make(&bad);
	assert_spoiled(&bad);
}

static void bad_chain_among_good_ones(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	struct spoiled bad = spoiled_make(s);
	uint16_t first = gpio_send(&s->vmm, GPIO_GET_DIRECTION, 1, 0), last;
	struct ring_used used[3];

	ring_desc_set(ring, bad.d[0], bad.request, 8, DESC_F_NEXT, 0xffff);
	ring_publish_head(ring, bad.d[0]);
	last = gpio_send(&s->vmm, GPIO_SET_DIRECTION, 1, GPIO_IN);
	ring_notify(ring);
	for (unsigned i = 0; i < 3; i++)
		used[i] = ring_wait(ring);
	assert_int_equal(used[0].id, first);
	assert_int_equal(used[0].len, 2);
	assert_int_equal(used[1].id, bad.d[0]);
	assert_int_equal(used[1].len, 0);
	assert_int_equal(used[2].id, last);
	assert_int_equal(gpio_answer_of(&s->vmm, used[2]).status, GPIO_OK);
}

struct flipper {
	volatile bool stop;
	volatile uint16_t *gpio;
	volatile struct split_desc *desc;
};

static void *flip(void *arg)
{
	struct flipper *flipper = arg;

	while (!flipper->stop) {
		*flipper->gpio = 0xffff;
		flipper->desc->len = 0xffffffff;
		flipper->desc->next = 0xffff;
		*flipper->gpio = 0;
		flipper->desc->len = 8;
		flipper->desc->next = 1;
	}
	return NULL;
}

static void chain_that_changes_meanwhile(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	struct spoiled bad = spoiled_make(s);
	uint64_t table = table_make(&bad);
	struct flipper flipper = { .gpio = memory_at(&s->vmm.memory, bad.request + 2, 2),
				   .desc = memory_at(&s->vmm.memory, table, 16) };
	pthread_t thread;
	bool ok = true;

	assert_int_equal(pthread_create(&thread, NULL, flip, &flipper), 0);
	for (unsigned i = 0; i < 3000 && ok; i++) {
		struct ring_used used;

		ring_publish_head(ring, bad.d[0]);
		ring_notify(ring);
		used = ring_wait(ring);
		ok = used.id == bad.d[0] && (used.len == 0 || used.len == 2);
	}
	flipper.stop = true;
	pthread_join(thread, NULL);
	assert_true(ok);
	assert_true(chain_untouched(s, bad.space, 2, 2));
	assert_serving(s);
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("R-08", next_out_of_range),
		STARTED("R-09", loops),
		STARTED("R-36", chain_of_more_than_4_gib),
		STARTED("R-32", write_flag_on_a_table_is_ignored),
		STARTED("R-33", table_in_a_table),
		STARTED("R-33", table_with_next),
		STARTED("R-34", tables_that_make_no_sense),
		STARTED("R-34", entries_of_a_table_that_make_no_sense),
		FRESH("R-35", table_without_negotiation),
		STARTED("R-22", bad_chain_among_good_ones),
		STARTED("R-37", chain_that_changes_meanwhile),
	};

	return session_run("split_bad", tests, sizeof(tests) / sizeof(tests[0]));
}
