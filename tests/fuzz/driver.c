/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A well-behaved driver on the rings of the fixture. */
#include "driver.h"

#include <string.h>

#include "loss.h"

#define SLOT_SIZE  256u /* of guest memory: in, out, indirect table */
#define SLOT_OUT   16u
#define SLOT_TABLE 128u
#define UNWRITTEN  0xee

struct slot {
	bool given;
	unsigned n_descs, out_len;
};

static struct {
	uint16_t avail, used; /* of packed rings they count to twice the size */
	struct slot slots[DRIVER_SLOTS];
} rings[FIXTURE_QUEUES];

struct part {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
};

void driver_reset(void)
{
	memset(rings, 0, sizeof(rings));
}

unsigned driver_slots(void)
{
	unsigned n = fixture.size / 2;

	return n == 0 ? 1 : n < DRIVER_SLOTS ? n : DRIVER_SLOTS;
}

bool driver_slot_is_free(unsigned ring, unsigned slot)
{
	return !rings[ring].slots[slot].given;
}

static uint32_t slot_at(unsigned ring, unsigned slot)
{
	return (ring * DRIVER_SLOTS + slot) * SLOT_SIZE;
}

/* Each index: a descriptor of a split ring, the place in a packed one. */
static void split_desc(unsigned ring, unsigned index, const struct part *part, bool last)
{
	const struct vring_desc desc = { le64_make(part->addr), le32_make(part->len),
					 le16_make(part->flags | (last ? 0 : VRING_DESC_F_NEXT)),
					 le16_make((uint16_t)(index + 1)) };

	memcpy(fixture_ring_at(ring, index * sizeof(desc)), &desc, sizeof(desc));
}

static void packed_desc(unsigned ring, unsigned slot, const struct part *part, bool last)
{
	uint16_t place = rings[ring].avail, at = place % fixture.size;
	const struct vring_packed_desc desc = { le64_make(part->addr), le32_make(part->len), le16_make((uint16_t)slot),
						le16_make(part->flags | (last ? 0 : VRING_DESC_F_NEXT) |
							  (place < fixture.size ? VRING_PACKED_DESC_F_AVAIL
										: VRING_PACKED_DESC_F_USED)) };

	memcpy(fixture_ring_at(ring, at * sizeof(desc)), &desc, sizeof(desc));
	rings[ring].avail = (place + 1) % (2 * fixture.size);
}

static void give_split(unsigned ring, unsigned slot, const struct part *parts, unsigned n)
{
	uint8_t *avail = fixture_ring_at(ring, FIXTURE_AVAIL);
	struct le16 head = le16_make((uint16_t)(fixture.size > 1 ? 2 * slot : 0)), idx;

	for (unsigned i = 0; i < n; i++)
		split_desc(ring, le16_get(head) + i, &parts[i], i + 1 == n);
	memcpy(avail + 4 + 2 * (rings[ring].avail & (fixture.size - 1)), &head, sizeof(head));
	idx = le16_make(++rings[ring].avail);
	memcpy(avail + 2, &idx, sizeof(idx));
}

/* The parts become a table in the slot, and this one refers to it. Entries of both formats are alike but for the link. */
static struct part table_make(uint32_t table, const struct part *parts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const bool last = i + 1 == n;
		const struct vring_desc desc = { le64_make(parts[i].addr), le32_make(parts[i].len),
						 le16_make(parts[i].flags |
							   (last || fixture.packed ? 0 : VRING_DESC_F_NEXT)),
						 le16_make((uint16_t)(i + 1)) };

		if (fixture.packed)
			memcpy(fixture.memory + table + i * 16,
			       &(struct vring_packed_desc){ desc.addr, desc.len, le16_make(0), desc.flags }, 16);
		else
			memcpy(fixture.memory + table + i * 16, &desc, 16);
	}
	return (struct part){ table, n * 16, VRING_DESC_F_INDIRECT };
}

/* Up to two descriptors. */
static unsigned parts_add(struct part *parts, uint64_t addr, unsigned len, unsigned cut, uint16_t flags)
{
	if (len == 0)
		return 0;
	if (cut == 0 || cut >= len) {
		parts[0] = (struct part){ addr, len, flags };
		return 1;
	}
	parts[0] = (struct part){ addr, cut, flags };
	parts[1] = (struct part){ addr + cut, len - cut, flags };
	return 2;
}

void driver_give(unsigned ring, unsigned slot, const void *in, unsigned in_len, unsigned out_len, unsigned layout)
{
	const bool indirect = layout & DRIVER_INDIRECT || fixture.size < 2;
	const uint32_t at = slot_at(ring, slot);
	struct part parts[4], table;
	unsigned n;

	memcpy(fixture.memory + at, in, in_len);
	memset(fixture.memory + at + SLOT_OUT, UNWRITTEN, DRIVER_OUT_MAX);
	n = parts_add(parts, at, in_len, indirect && layout & DRIVER_CUT_IN ? 3 : 0, 0);
	n += parts_add(parts + n, at + SLOT_OUT, out_len, indirect && layout & DRIVER_CUT_OUT ? 1 : 0,
		       VRING_DESC_F_WRITE);
	if (n == 0)
		n = 1, parts[0] = (struct part){ at, 0, 0 };
	if (indirect) {
		table = table_make(at + SLOT_TABLE, parts, n);
		parts[0] = table;
		n = 1;
	}
	rings[ring].slots[slot] = (struct slot){ true, n, out_len };
	if (fixture.packed) {
		for (unsigned i = 0; i < n; i++)
			packed_desc(ring, slot, &parts[i], i + 1 == n);
	} else {
		give_split(ring, slot, parts, n);
	}
}

static bool take_split(unsigned ring, uint32_t *slot, uint32_t *len)
{
	struct vring_used *used = (struct vring_used *)fixture_ring_at(ring, FIXTURE_USED);
	uint32_t head;

	if (le16_get(used->idx) == rings[ring].used)
		return false;
	head = le32_get(used->ring[rings[ring].used & (fixture.size - 1)].id);
	*len = le32_get(used->ring[rings[ring].used & (fixture.size - 1)].len);
	rings[ring].used++;
	MUST(head % 2 == 0);
	*slot = head / 2;
	return true;
}

static bool take_packed(unsigned ring, uint32_t *slot, uint32_t *len)
{
	const bool wrap = rings[ring].used < fixture.size;
	const struct vring_packed_desc *desc =
		(struct vring_packed_desc *)fixture_ring_at(ring, 0) + rings[ring].used % fixture.size;
	const uint16_t flags = le16_get(desc->flags);

	if (!!(flags & VRING_PACKED_DESC_F_AVAIL) != wrap || !!(flags & VRING_PACKED_DESC_F_USED) != wrap)
		return false;
	*slot = le16_get(desc->id);
	*len = le32_get(desc->len);
	MUST(*slot < DRIVER_SLOTS);
	rings[ring].used = (uint16_t)((rings[ring].used + rings[ring].slots[*slot].n_descs) % (2 * fixture.size));
	return true;
}

bool driver_take(unsigned ring, struct driver_used *used)
{
	struct slot *slot;
	uint32_t n;

	if (fixture.packed ? !take_packed(ring, &n, &used->len) : !take_split(ring, &n, &used->len))
		return false;
	MUST(n < DRIVER_SLOTS);
	slot = &rings[ring].slots[n];
	if (!slot->given)
		FOUND("ring %u: slot %u came back and was not given", ring, n);
	if (used->len > slot->out_len)
		FOUND("ring %u: %u bytes written where there is room for %u", ring, used->len, slot->out_len);
	slot->given = false;
	used->slot = n;
	used->out = fixture.memory + slot_at(ring, n) + SLOT_OUT;
	for (unsigned i = used->len; i < DRIVER_OUT_MAX; i++)
		MUST(used->out[i] == UNWRITTEN);
	return true;
}

void driver_check_served(void)
{
	static const uint8_t get_direction[8] = { 2 }; /* of line 0: none */
	struct driver_used used;

	fixture_reconnect();
	loss_mend();
	fixture_memory_clear();
	driver_reset();
	fixture_setup(3);
	driver_give(0, 0, get_direction, sizeof(get_direction), 2, 0);
	fixture_kick(0);
	MUST(driver_take(0, &used) && used.len == 2 && used.out[0] == 0 && used.out[1] == 0);
}
