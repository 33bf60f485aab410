/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A death at any instant: a process that takes chains and returns others is executed one instruction at a time; whenever
 * it has changed memory, a successor takes up the ring from what is there. Each chain is then either the driver's, or in
 * flight, or still to be taken; never two of these, and never none.
 */
#include "rows.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_file.h"
#include "vhost/ring/packed.h"
#include "vhost/ring/split.h"
#include "vhost/state/inflight.h"
#include "vhost/state/inflight_packed.h"

#define SIZE	  8
#define FILE_SIZE 0x1000
#define DRIVER	  0x400
#define DEVICE	  0x800
#define N_CHAINS  6

/* All that outlives the process, in one mapping that both processes have. */
struct shared {
	uint8_t guest[FILE_SIZE];
	uint8_t region[1024] __attribute__((aligned(64)));
};

static const struct session_ring_layout layout = { .size = SIZE, .desc = 0, .avail = DRIVER, .used = DEVICE };
static struct shared *shared;
static struct ring ring;
static struct vhost_chain chain;

/* Chain i is buffer i; these have two descriptors. Packed: the ring begins so late that some go over its end. */
static const unsigned length[N_CHAINS] = { 1, 2, 1, 1, 2, 1 };
#define FIRST 5

static int setup(const struct ring_ops *ops, uint32_t base)
{
	if (guest_file_open(FILE_SIZE, sizeof(*shared)) < 0)
		return -1;
	shared = (struct shared *)file;
	ring_init(&ring, ops, 0, shared->region);
	return ops->resolve(&ring, &memory, &layout) < 0 ? -1 : ops->begin(&ring, base);
}

static int teardown(void **state)
{
	guest_file_close();
	return 0;
}

/* Split: buffer i is descriptor i, and i + 1 when it has two: so ids 0, 1, 3, 4, 5, 7. */
static const unsigned split_id[N_CHAINS] = { 0, 1, 3, 4, 5, 7 };

static void split_make_available(void)
{
	struct vring_desc *desc = (struct vring_desc *)shared->guest;
	struct vring_avail *avail = (struct vring_avail *)(shared->guest + DRIVER);

	for (unsigned i = 0; i < N_CHAINS; i++) {
		unsigned id = split_id[i];

		desc[id] = (struct vring_desc){ .len = le32_make(8),
						.flags = le16_make(length[i] == 2 ? VRING_DESC_F_NEXT : 0),
						.next = le16_make(id + 1) };
		if (length[i] == 2)
			desc[id + 1] = (struct vring_desc){ .len = le32_make(8) };
		avail->ring[i] = le16_make(id);
	}
	avail->idx = le16_make(N_CHAINS);
}

static void packed_make_available(void)
{
	struct vring_packed_desc *desc = (struct vring_packed_desc *)shared->guest;
	unsigned at = FIRST;

	for (unsigned i = 0; i < N_CHAINS; i++) {
		for (unsigned j = 0; j < length[i]; j++, at++) {
			uint16_t flags = at < SIZE ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED;

			if (j + 1 < length[i])
				flags |= VRING_DESC_F_NEXT;
			desc[at % SIZE] = (struct vring_packed_desc){ .len = le32_make(8),
								      .id = le16_make(i),
								      .flags = le16_make(flags) };
		}
	}
}

/* The chain that a head stands for. */
static unsigned chain_of(uint16_t head)
{
	struct inflight_packed_chain taken;

	if (ring.ops == &packed_ops) {
		assert_true(inflight_packed_get((const void *)shared->region, SIZE, head, &taken));
		assert_true(taken.id < N_CHAINS);
		assert_int_equal(taken.num, length[taken.id]);
		return taken.id;
	}
	for (unsigned i = 0; i < N_CHAINS; i++) {
		if (split_id[i] == head)
			return i;
	}
	fail_msg("head %u was never given", head);
	return 0;
}

/* The chains that the driver has back, as bits. */
static unsigned split_used(void)
{
	const struct vring_used *used = (struct vring_used *)(shared->guest + DEVICE);
	unsigned mask = 0;

	for (unsigned i = 0; i < le16_get(used->idx); i++)
		mask |= 1u << chain_of(le32_get(used->ring[i].id));
	return mask;
}

static unsigned packed_used(void)
{
	const struct vring_packed_desc *desc = (struct vring_packed_desc *)shared->guest;
	const uint16_t both = VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED;
	unsigned mask = 0, at = FIRST;

	while (at < FIRST + SIZE && (le16_get(desc[at % SIZE].flags) & both) == (at < SIZE ? both : 0)) {
		unsigned id = le16_get(desc[at % SIZE].id);

		assert_true(id < N_CHAINS);
		assert_false(mask & 1u << id);
		mask |= 1u << id;
		at += length[id];
	}
	return mask;
}

/* What a successor finds. */
static void take_over(void)
{
	const struct ring_ops *ops = ring.ops;
	uint16_t heads[SIZE];
	unsigned used, flying = 0, next = 0;
	int n, r;

	ring_init(&ring, ops, 0, shared->region);
	assert_int_equal(ops->resolve(&ring, &memory, &layout), 0);
	n = ops->recover(&ring, false, 0, heads);
	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		assert_int_equal(ops->reread(&ring, &memory, heads[i], &chain), 0);
		flying |= 1u << chain_of(heads[i]);
	}
	used = ops == &packed_ops ? packed_used() : split_used();
	while ((r = ops->next(&ring, &memory, &chain)) == 1)
		next |= 1u << chain_of(chain.head);
	assert_int_equal(r, 0);
	if ((used ^ flying ^ next) != (1u << N_CHAINS) - 1 || (used | flying | next) != (1u << N_CHAINS) - 1)
		fail_msg("the driver has 0x%x, in flight 0x%x, to be taken 0x%x", used, flying, next);
	/* And all of it can be returned. */
	for (uint16_t head = 0; head < SIZE; head++)
		ops->put(&ring, head, 1);
	ops->publish(&ring);
	assert_int_equal(ops == &packed_ops ? packed_used() : split_used(), (1u << N_CHAINS) - 1);
}

/* What is looked at step by step. */
static void work(void)
{
	uint16_t heads[N_CHAINS];

	for (unsigned i = 0; i < 4 && ring.ops->next(&ring, &memory, &chain) == 1; i++)
		heads[i] = chain.head;
	ring.ops->put(&ring, heads[2], 1);
	ring.ops->put(&ring, heads[1], 0);
	ring.ops->publish(&ring);
	for (unsigned i = 4; i < N_CHAINS && ring.ops->next(&ring, &memory, &chain) == 1; i++)
		heads[i] = chain.head;
	ring.ops->put(&ring, heads[4], 1);
	ring.ops->publish(&ring);
	ring.ops->put(&ring, heads[0], 1);
	ring.ops->publish(&ring);
}

static pid_t start_worker(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(1);
		raise(SIGSTOP);
		work();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFSTOPPED(status) ? pid : -1;
}

static bool step(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) < 0)
		return false;
	return WIFSTOPPED(status);
}

static void die_anywhere(void)
{
	static struct shared now, last;
	unsigned states = 0;
	pid_t pid = start_worker();

	if (pid < 0 || !step(pid))
		skip_because("this system lets nobody step through a process");
	do {
		struct ring before = ring;

		memcpy(&now, shared, sizeof(now));
		if (memcmp(&now, &last, sizeof(now)) == 0)
			continue;
		states++;
		take_over();
		ring = before;
		memcpy(shared, &now, sizeof(now));
		memcpy(&last, &now, sizeof(now));
	} while (step(pid));
	assert_true(states > 25);
}

static void split_rings_lose_nothing(void **state)
{
	split_make_available();
	die_anywhere();
}

static void packed_rings_lose_nothing(void **state)
{
	packed_make_available();
	die_anywhere();
}

static int setup_split(void **state)
{
	return setup(&split_ops, 0);
}

static int setup_packed(void **state)
{
	return setup(&packed_ops, 0x80008000 + FIRST * 0x10001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("S-01 S-03", split_rings_lose_nothing, setup_split, teardown),
		ROW_TEST_FIXTURE("S-01 S-03", packed_rings_lose_nothing, setup_packed, teardown),
	};

	return cmocka_run_group_tests_name("vhost/ring_crash", tests, NULL, NULL);
}
