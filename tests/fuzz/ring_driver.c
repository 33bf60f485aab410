/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A driver that makes descriptors of any content, and tells the ledger. */
#include "ring_driver.h"

#include <string.h>

#include "ledger.h"
#include "moment.h"

#define BUFFERS (FIXTURE_RING(0) - 64) /* nothing that the device writes gets into the rings */

static struct {
	uint16_t avail; /* of packed rings it counts to twice the size */
	uint16_t next_id;
} rings[FIXTURE_QUEUES];

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
		addr = FIXTURE_MEMORY_SIZE - addr % 64; /* at its end */
	else
		addr %= BUFFERS;
	if (flags & 16)
		len = len << 16 | 0xffff;
	return (struct vring_desc){ le64_make(addr), le32_make(len), le16_make(flags & 7), le16_make(next) };
}

void ring_driver_desc(struct input *in)
{
	unsigned ring = next_byte(in) & 1, index = next_byte(in) % fixture.size;
	struct vring_desc desc = desc_read(in);
	struct vring_packed_desc *packed = (struct vring_packed_desc *)fixture_ring_at(ring, 0) + index;

	if (fixture.packed) {
		const uint16_t state = VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED;

		packed->addr = desc.addr;
		packed->len = desc.len;
		packed->flags = le16_make(le16_get(desc.flags) | (le16_get(packed->flags) & state));
	} else {
		memcpy(packed, &desc, sizeof(desc));
	}
	ledger_memory_changed();
}

void ring_driver_table(struct input *in)
{
	uint32_t at = next_u16(in) * 16u % (BUFFERS - 16);
	struct vring_desc desc = desc_read(in);

	if (fixture.packed)
		memcpy(fixture.memory + at, &(struct vring_packed_desc){ desc.addr, desc.len, desc.next, desc.flags },
		       16);
	else
		memcpy(fixture.memory + at, &desc, 16);
	ledger_memory_changed();
}

void ring_driver_write(struct input *in)
{
	uint16_t at = next_u16(in) % BUFFERS;

	fixture.memory[at] = next_byte(in);
	ledger_memory_changed();
}

static void split_give(unsigned ring, uint16_t head)
{
	struct vring_avail *avail = (struct vring_avail *)fixture_ring_at(ring, FIXTURE_AVAIL);

	avail->ring[rings[ring].avail & (fixture.size - 1)] = le16_make(head);
	avail->idx = le16_make(++rings[ring].avail);
	ledger_give(ring, head, head);
}

/* The first descriptor becomes available last, as 2.8.21 has it. */
static void packed_give(unsigned ring)
{
	struct vring_packed_desc *descs = (struct vring_packed_desc *)fixture_ring_at(ring, 0);
	uint16_t at = rings[ring].avail;
	unsigned n = ledger_packed_descs(ring, at % fixture.size);

	if (ledger_descs(ring) + n > fixture.size)
		return; /* not the driver's yet */
	rings[ring].next_id++;
	for (unsigned i = 0; i < n; i++) {
		uint16_t place = (at + i) % (2 * fixture.size);
		struct vring_packed_desc *desc = &descs[place % fixture.size];
		uint16_t flags = le16_get(desc->flags) & 7;

		if (i == n - 1)
			flags &= (uint16_t)~VRING_DESC_F_NEXT; /* as many as the ring has: the list ends here */
		flags |= place < fixture.size ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED;
		desc->id = le16_make(rings[ring].next_id);
		desc->flags = le16_make(flags);
	}
	rings[ring].avail = (uint16_t)((at + n) % (2 * fixture.size));
	ledger_give(ring, rings[ring].next_id, at % fixture.size);
}

void ring_driver_available(struct input *in)
{
	unsigned ring = next_byte(in) & 1;
	uint16_t head = next_byte(in);

	if (fixture.packed)
		packed_give(ring);
	else
		split_give(ring, head);
}

void ring_driver_jump(struct input *in)
{
	unsigned ring = next_byte(in) & 1, n = next_byte(in);
	struct vring_avail *avail = (struct vring_avail *)fixture_ring_at(ring, FIXTURE_AVAIL);

	for (unsigned i = 0; i < n && !fixture.packed && !ledger_is_doomed(ring); i++)
		split_give(ring, le16_get(avail->ring[rings[ring].avail & (fixture.size - 1)]));
}

void ring_driver_events(struct input *in)
{
	unsigned ring = next_byte(in) & 1;
	struct le16 flags = le16_make(next_u16(in)), event = le16_make(next_u16(in));

	if (fixture.packed) {
		memcpy(fixture_ring_at(ring, FIXTURE_AVAIL), &event, 2);
		memcpy(fixture_ring_at(ring, FIXTURE_AVAIL + 2), &flags, 2);
	} else {
		memcpy(fixture_ring_at(ring, FIXTURE_AVAIL), &flags, 2);
		memcpy(fixture_ring_at(ring, FIXTURE_AVAIL + 4 + 2 * fixture.size), &event, 2);
	}
}

static void on_mutation(void)
{
	fixture.memory[mutation.at] = mutation.byte;
	ledger_memory_torn();
}

void ring_driver_mutation(struct input *in)
{
	moment_set(MOMENT_READ, next_byte(in), on_mutation);
	mutation.at = next_u16(in) % BUFFERS;
	mutation.byte = next_byte(in);
}

void ring_driver_reset(void)
{
	memset(rings, 0, sizeof(rings));
}

void ring_driver_begin(void)
{
	for (unsigned ring = 0; ring < FIXTURE_QUEUES; ring++)
		rings[ring].avail = 0;
}
