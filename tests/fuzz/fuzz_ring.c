/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: rings, split and packed, of a device that holds chains and returns them in any order. The driver makes
 * descriptors of any content (tables at the end of memory, loops, sums beyond 32 bits); the ledger says what must come
 * of them. The first byte is the kind of the rings; then
 *
 *   'd' ring index DESC          a descriptor of the ring; DESC: addr16 len16 flags next, see desc_read()
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
 *   'b' base                     the front-end leaves without a word, and comes back: see bench_come_back()
 */
#include <string.h>

#include "ledger.h"
#include "loss.h"
#include "moment.h"
#include "ring_device.h"
#include "vhost/map_guard.h"

#define OPS_MAX 96
#define BUFFERS (BENCH_RING(0) - 64) /* nothing that the device writes gets into the rings */

static struct {
	uint16_t avail; /* of packed rings it counts to twice the size */
	uint16_t next_id;
} rings[BENCH_QUEUES];

static struct {
	uint32_t at;
	uint8_t byte;
} mutation;

static struct vring_desc desc_read(struct input *in)
{
	uint64_t addr = next_u16(in);
	uint32_t len = next_u16(in);
	uint8_t flags = next_byte(in), next = next_byte(in);

	if (flags & 8)
		addr |= 1ull << 32; /* outside of memory */
	else if (flags & 32)
		addr = BENCH_MEMORY_SIZE - addr % 64; /* at its end */
	else
		addr %= BUFFERS;
	if (flags & 16)
		len = len << 16 | 0xffff;
	return (struct vring_desc){ le64_make(addr), le32_make(len), le16_make(flags & 7), le16_make(next) };
}

static void op_desc(struct input *in)
{
	unsigned ring = next_byte(in) & 1, index = next_byte(in) % bench.size;
	struct vring_desc desc = desc_read(in);
	struct vring_packed_desc *packed = (struct vring_packed_desc *)bench_ring_at(ring, 0) + index;

	if (bench.packed) {
		const uint16_t state = VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED;

		packed->addr = desc.addr;
		packed->len = desc.len;
		packed->flags = le16_make(le16_get(desc.flags) | (le16_get(packed->flags) & state));
	} else {
		memcpy(packed, &desc, sizeof(desc));
	}
	ledger_memory_changed();
}

static void op_table(struct input *in)
{
	uint32_t at = next_u16(in) * 16u % (BUFFERS - 16);
	struct vring_desc desc = desc_read(in);

	if (bench.packed)
		memcpy(bench.memory + at, &(struct vring_packed_desc){ desc.addr, desc.len, desc.next, desc.flags },
		       16);
	else
		memcpy(bench.memory + at, &desc, 16);
	ledger_memory_changed();
}

static void op_write(struct input *in)
{
	uint16_t at = next_u16(in) % BUFFERS;

	bench.memory[at] = next_byte(in);
	ledger_memory_changed();
}

static void split_give(unsigned ring, uint16_t head)
{
	struct vring_avail *avail = (struct vring_avail *)bench_ring_at(ring, BENCH_AVAIL);

	avail->ring[rings[ring].avail & (bench.size - 1)] = le16_make(head);
	avail->idx = le16_make(++rings[ring].avail);
	ledger_give(ring, head, head);
}

/* The first descriptor becomes available last, as 2.8.21 has it. */
static void packed_give(unsigned ring)
{
	struct vring_packed_desc *descs = (struct vring_packed_desc *)bench_ring_at(ring, 0);
	uint16_t at = rings[ring].avail;
	unsigned n = ledger_packed_descs(ring, at % bench.size);

	if (ledger_descs(ring) + n > bench.size)
		return; /* not the driver's yet */
	rings[ring].next_id++;
	for (unsigned i = 0; i < n; i++) {
		uint16_t place = (at + i) % (2 * bench.size);
		struct vring_packed_desc *desc = &descs[place % bench.size];
		uint16_t flags = le16_get(desc->flags) & 7;

		if (i == n - 1)
			flags &= (uint16_t)~VRING_DESC_F_NEXT; /* as many as the ring has: the list ends here */
		flags |= place < bench.size ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED;
		desc->id = le16_make(rings[ring].next_id);
		desc->flags = le16_make(flags);
	}
	rings[ring].avail = (uint16_t)((at + n) % (2 * bench.size));
	ledger_give(ring, rings[ring].next_id, at % bench.size);
}

static void op_available(struct input *in)
{
	unsigned ring = next_byte(in) & 1;
	uint16_t head = next_byte(in);

	if (bench.packed)
		packed_give(ring);
	else
		split_give(ring, head);
}

static void op_jump(struct input *in)
{
	unsigned ring = next_byte(in) & 1, n = next_byte(in);
	struct vring_avail *avail = (struct vring_avail *)bench_ring_at(ring, BENCH_AVAIL);

	for (unsigned i = 0; i < n && !bench.packed && !ledger_is_doomed(ring); i++)
		split_give(ring, le16_get(avail->ring[rings[ring].avail & (bench.size - 1)]));
}

static void op_kick(struct input *in)
{
	unsigned ring = next_byte(in) & 1;

	bench_kick(ring);
	ledger_reap(ring);
	ledger_check_none_lost(ring);
}

static void op_events(struct input *in)
{
	unsigned ring = next_byte(in) & 1;
	struct le16 flags = le16_make(next_u16(in)), event = le16_make(next_u16(in));

	if (bench.packed) {
		memcpy(bench_ring_at(ring, BENCH_AVAIL), &event, 2);
		memcpy(bench_ring_at(ring, BENCH_AVAIL + 2), &flags, 2);
	} else {
		memcpy(bench_ring_at(ring, BENCH_AVAIL), &flags, 2);
		memcpy(bench_ring_at(ring, BENCH_AVAIL + 4 + 2 * bench.size), &event, 2);
	}
}

/* Nobody can tell what a chain says that is being read. */
static void on_mutation(void)
{
	bench.memory[mutation.at] = mutation.byte;
	ledger_doom(0);
	ledger_doom(1);
}

static void op_mutation(struct input *in)
{
	moment_set(MOMENT_READ, next_byte(in), on_mutation);
	mutation.at = next_u16(in) % BUFFERS;
	mutation.byte = next_byte(in);
}

/* The guest's memory changes from there to its end: tables may lie there, and a ring that does is none any more. */
static void on_losing(uint32_t from, bool amid)
{
	for (unsigned ring = 0; ring < BENCH_QUEUES; ring++) {
		ledger_reap(ring);
		if (amid)
			ledger_doom(ring);
		if (from < BENCH_RING(ring) + BENCH_USED + 0x1000)
			ledger_lose(ring);
	}
}

/* The session ends: its chains are not owed to anybody. */
static void on_lost(void)
{
	ledger_doom(0);
	ledger_doom(1);
}

static void check_all(void)
{
	for (unsigned ring = 0; ring < BENCH_QUEUES; ring++) {
		ledger_reap(ring);
		ledger_check_none_lost(ring);
	}
}

static void op_restart(struct input *in)
{
	bench_detach();
	bench_attach();
	/* What is shorter than it was can not be mapped again. */
	if (!bench.session->connected) {
		MUST(loss.pending);
		on_lost();
	}
	bench_turns();
	check_all();
}

static void op_pause(struct input *in)
{
	bench_pause();
	bench_go_on();
	check_all();
}

static void op_iotlb(struct input *in)
{
	const uint8_t type = next_byte(in), page = next_byte(in) % (BENCH_MEMORY_SIZE / 4096), pages = next_byte(in);

	if (bench.kind & BENCH_IOMMU)
		bench_iotlb(type, page, pages, next_byte(in));
}

static void setup(struct input *in)
{
	for (unsigned ring = 0; ring < BENCH_QUEUES; ring++)
		rings[ring].avail = 0;
	ledger_reset();
	loss_mend();
	bench_setup(next_byte(in) & (uint8_t)~BENCH_LOGGED);
}

static void op_another(struct input *in)
{
	bench_reconnect();
	setup(in);
}

/*
 * A front-end that is taken for the one that left goes on where it was, and nothing is lost. Else the rings are looked
 * at from their start, or from where it says.
 */
static void op_come_back(struct input *in)
{
	const unsigned returns = ring_device_returns();

	bench_come_back(next_byte(in) & 3);
	if (ring_device_returns() == returns) {
		ledger_lose(0);
		ledger_lose(1);
	}
	check_all();
}

static bool run_op(struct input *in)
{
	static void (*const run[256])(struct input * in) = {
		['d'] = op_desc,
		['t'] = op_table,
		['w'] = op_write,
		['a'] = op_available,
		['j'] = op_jump,
		['k'] = op_kick,
		['u'] = op_events,
		['p'] = ring_device_policy,
		['h'] = ring_device_give_back,
		['H'] = ring_device_give_back_parked,
		['m'] = op_mutation,
		['r'] = op_restart,
		['z'] = op_pause,
		['i'] = op_iotlb,
		['c'] = op_another,
		['b'] = op_come_back,
		['T'] = loss_op,
		['L'] = loss_op_later,
	};
	unsigned connections = bench.connections, sessions = loss.sessions;
	uint8_t op = next_byte(in);

	if (!run[op])
		return false;
	run[op](in);
	/* The device did that outside of a turn, which it never does. */
	if (map_guard_tripped())
		bench_turns();
	if (op != 'c' && op != 'b' && op != 'i' && !(op == 'r' && loss.pending))
		MUST(bench.connections - connections == loss.sessions - sessions);
	for (unsigned ring = 0; ring < BENCH_QUEUES; ring++)
		ledger_reap(ring);
	return true;
}

/* After a loss, another front-end: a chain of eight bytes comes back. */
static void check_served(void)
{
	static const uint8_t program[] = { 'c', 0, 'p', 0, 1, 'd', 0, 0, 0, 0, 8, 0, 0, 0, 'a', 0, 0, 'k', 0 };
	uint8_t copy[sizeof(program)];
	struct input in = { copy, sizeof(copy) };

	memcpy(copy, program, sizeof(copy));
	copy[1] = bench.kind & BENCH_PACKED ? BENCH_PACKED | 2 : 2;
	while (in.left > 0)
		MUST(run_op(&in));
	MUST(!ledger_is_doomed(0) && ledger_descs(0) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bench_device what = { .ops = &ring_device_ops };
	struct input in = { data, size };
	int n_ops = 0;

	memset(rings, 0, sizeof(rings));
	moment_set(MOMENT_READ, 0, NULL);
	ring_device_reset();
	ledger_reset();
	bench_start(&what);
	loss.before = on_losing;
	loss.after = ledger_memory_changed;
	loss.lost = on_lost;
	setup(&in);
	while (n_ops++ < OPS_MAX && run_op(&in))
		continue;
	if (loss.pending || loss.sessions > 0)
		check_served();
	bench_end();
	return 0;
}
