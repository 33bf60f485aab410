/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: rings, split and packed, of a device that holds chains and returns them in any order. The driver makes
 * descriptors of any content (tables at the end of memory, loops, sums beyond 32 bits); the ledger says what must come
 * of them. The first byte is the kind of the rings; then
 *
 *   'd' ring index DESC          a descriptor of the ring; DESC: addr16 len16 flags next, see desc_read() in ring_driver.c
 *   't' index16 DESC             the same into guest memory, for indirect tables
 *   'w' at16 byte                a byte of guest memory
 *   'a' ring head                the chain is made available; packed: what lies at the next place
 *   'j' ring n                   split: the available index is moved on by n
 *   'k' ring                     a kick
 *   'u' ring flags16 event16     when the driver wants to be called
 *   'p' ring what                what the device does with chains: bit 7: it holds them; else how much it writes
 *   'h' ring n                   the device returns the nth of those that it holds; nobody is told yet
 *   'H' ring n                   the same by vhost_parked_return()
 *   'm' n at16 byte              memory changes while the device reads it: at the nth access in the next operation
 *   'T' how pages, 'L' n how pages   the front-end's files lose pages, see loss.h
 *   'r'                          the worker dies, a successor attaches;  'z' a pause of the machine
 *   'i' type page pages perm     an IOTLB message
 *   'c' kind                     another front-end, with other rings
 *   'b' base                     the front-end leaves without a word, and comes back: see ring_device.h
 */
#include <string.h>

#include "ledger.h"
#include "loss.h"
#include "moment.h"
#include "ring_device.h"
#include "ring_driver.h"
#include "vhost/memory/sigbus_guard.h"

#define OPS_MAX 96

static void op_kick(struct input *in)
{
	unsigned ring = next_byte(in) & 1;

	fixture_kick(ring);
	ledger_reap(ring);
	ledger_check_none_lost(ring);
}

/* The guest's memory changes from there to its end: tables may lie there, and a ring that does is none any more. */
static void on_losing(uint32_t from)
{
	for (unsigned ring = 0; ring < FIXTURE_QUEUES; ring++) {
		ledger_reap(ring);
		if (from < FIXTURE_RING(ring) + FIXTURE_USED + 0x1000)
			ledger_lose(ring);
	}
}

static void on_gone(bool amid)
{
	ledger_memory_changed();
	if (amid)
		ledger_memory_torn();
}

/* The session ends: its chains are not owed to anybody. */
static void on_lost(void)
{
	ledger_doom(0);
	ledger_doom(1);
}

static void check_all(void)
{
	for (unsigned ring = 0; ring < FIXTURE_QUEUES; ring++) {
		ledger_reap(ring);
		ledger_check_none_lost(ring);
	}
}

static void op_restart(struct input *in)
{
	fixture_detach();
	fixture_attach();
	/* What is shorter than it was cannot be mapped again. */
	if (!fixture.session->connected) {
		MUST(loss.pending);
		on_lost();
	}
	fixture_turns();
	check_all();
}

static void op_pause(struct input *in)
{
	fixture_pause();
	fixture_go_on();
	check_all();
}

static void op_iotlb(struct input *in)
{
	const uint8_t type = next_byte(in), page = next_byte(in) % (FIXTURE_MEMORY_SIZE / 4096), pages = next_byte(in);

	if (fixture.kind & FIXTURE_IOMMU)
		fixture_iotlb(type, page, pages, next_byte(in));
}

static void setup(struct input *in)
{
	ring_driver_begin();
	ledger_reset();
	loss_mend();
	fixture_setup(next_byte(in) & (uint8_t)~FIXTURE_LOGGED);
}

static void op_another(struct input *in)
{
	fixture_reconnect();
	setup(in);
}

static void op_come_back(struct input *in)
{
	ring_device_come_back(next_byte(in) & 3);
	check_all();
}

static bool run_op(struct input *in)
{
	static void (*const run[256])(struct input * in) = {
		['d'] = ring_driver_desc,
		['t'] = ring_driver_table,
		['w'] = ring_driver_write,
		['a'] = ring_driver_available,
		['j'] = ring_driver_jump,
		['k'] = op_kick,
		['u'] = ring_driver_events,
		['p'] = ring_device_policy,
		['h'] = ring_device_give_back,
		['H'] = ring_device_give_back_parked,
		['m'] = ring_driver_mutation,
		['r'] = op_restart,
		['z'] = op_pause,
		['i'] = op_iotlb,
		['c'] = op_another,
		['b'] = op_come_back,
		['T'] = loss_op,
		['L'] = loss_op_later,
	};
	unsigned connections = fixture.connections, sessions = loss.sessions;
	uint8_t op = next_byte(in);

	if (!run[op])
		return false;
	run[op](in);
	/* The device did that outside of a turn, which it never does. */
	if (sigbus_guard_tripped())
		fixture_turns();
	if (op != 'c' && op != 'b' && op != 'i' && !(op == 'r' && loss.pending))
		MUST(fixture.connections - connections == loss.sessions - sessions);
	for (unsigned ring = 0; ring < FIXTURE_QUEUES; ring++)
		ledger_reap(ring);
	return true;
}

/* After a loss, another front-end, under whom nothing changes any more: a chain of eight bytes comes back. */
static void check_served(void)
{
	static const uint8_t program[] = { 'c', 0, 'p', 0, 1, 'd', 0, 0, 0, 0, 8, 0, 0, 0, 'a', 0, 0, 'k', 0 };
	uint8_t copy[sizeof(program)];
	struct input in = { copy, sizeof(copy) };

	moment_set(MOMENT_READ, 0, NULL);
	memcpy(copy, program, sizeof(copy));
	copy[1] = fixture.kind & FIXTURE_PACKED ? FIXTURE_PACKED | 2 : 2;
	while (in.left > 0)
		MUST(run_op(&in));
	MUST(!ledger_is_doomed(0) && ledger_descs(0) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fixture_device what = { .ops = &ring_device_ops };
	struct input in = { data, size };
	int n_ops = 0;

	ring_driver_reset();
	moment_set(MOMENT_READ, 0, NULL);
	ring_device_reset();
	ledger_reset();
	fixture_start(&what);
	loss.before = on_losing;
	loss.after = on_gone;
	loss.lost = on_lost;
	setup(&in);
	while (n_ops++ < OPS_MAX && run_op(&in))
		continue;
	if (loss.pending || loss.sessions > 0)
		check_served();
	fixture_end();
	return 0;
}
