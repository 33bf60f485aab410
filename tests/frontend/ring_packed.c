/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The packed ring as a driver writes it: VirtIO 1.3, 2.8. */
#include "ring_format.h"

#include "failure.h"

/* What a list's descriptors have as buffer id but for the last, where alone it counts. */
#define ID_NOBODY_READS 0xdead

static uint64_t desc_size(unsigned n)
{
	return 16ull * n;
}

static uint64_t event_size(unsigned n)
{
	return sizeof(struct packed_event) + 0 * n;
}

static uint64_t desc_at(const struct ring *ring, uint16_t index)
{
	return ring->desc + 16ull * index;
}

static uint16_t flags_at(const struct ring *ring, uint16_t index)
{
	return ring_load16(ring, desc_at(ring, index) + 14);
}

static struct ring_at at_add(const struct ring *ring, struct ring_at at, unsigned n)
{
	unsigned index = at.index + n;

	if (index >= ring->size)
		return (struct ring_at){ (uint16_t)(index - ring->size), !at.wrap };
	return (struct ring_at){ (uint16_t)index, at.wrap };
}

static uint16_t at_encode(struct ring_at at)
{
	return (uint16_t)(at.index | (at.wrap ? 0x8000u : 0));
}

static uint16_t available_flags(bool wrap)
{
	return wrap ? PACKED_F_AVAIL : PACKED_F_USED;
}

static uint16_t used_flags(bool wrap)
{
	return wrap ? PACKED_F_AVAIL | PACKED_F_USED : 0;
}

/* As if every descriptor before had been used one by one: behind the index, in the lap before. */
static void start_at(struct ring *ring, uint16_t index)
{
	struct ring_at at = { (uint16_t)(index % ring->size), !(index / ring->size & 1) };

	ring->avail_at = ring->used_at = at;
	for (unsigned i = 0; i < ring->size; i++)
		ring_store16(ring, desc_at(ring, (uint16_t)i) + 14, used_flags(i < at.index ? at.wrap : !at.wrap));
}

static void table_fill(struct ring *ring, uint64_t table, const struct ring_part *parts, unsigned n_parts)
{
	struct packed_desc *desc = memory_at(ring->memory, table, 16ull * n_parts);

	for (unsigned i = 0; i < n_parts; i++)
		desc[i] = (struct packed_desc){ .addr = parts[i].addr,
						.len = parts[i].len,
						.id = ID_NOBODY_READS,
						.flags = parts[i].write ? DESC_F_WRITE : 0 };
}

/* The first descriptor that is not published keeps its old flags: the device looks no further than there. */
static void enter(struct ring *ring, uint16_t head, const struct ring_desc *descs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct packed_desc *desc = memory_at(ring->memory, desc_at(ring, ring->avail_at.index), sizeof(*desc));
		uint16_t flags = (uint16_t)(descs[i].flags | available_flags(ring->avail_at.wrap) |
					    (i + 1 < n ? DESC_F_NEXT : 0));

		desc->addr = descs[i].addr;
		desc->len = descs[i].len;
		desc->id = i + 1 < n ? ID_NOBODY_READS : head;
		if (ring->avail_idx == ring->avail_published && i == 0) {
			ring->first_at = ring->avail_at.index;
			ring->first_flags = flags;
		} else {
			ring_store16(ring, desc_at(ring, ring->avail_at.index) + 14, flags);
		}
		ring->avail_at = at_add(ring, ring->avail_at, 1);
		ring->n_unkicked++;
	}
	ring->avail_idx++;
}

static void publish(struct ring *ring)
{
	if (ring->avail_idx == ring->avail_published)
		return;
	ring_store16(ring, desc_at(ring, ring->first_at) + 14, ring->first_flags);
	ring->avail_published = ring->avail_idx;
}

/* 2.8.14: whether one of the descriptors since the last time is the one that the device waits for. */
static bool wants_kick(struct ring *ring)
{
	uint16_t flags = ring_load16(ring, ring->used + 2), off_wrap = ring_load16(ring, ring->used);
	uint16_t new = ring->avail_at.index, old = (uint16_t)(new - ring->n_unkicked), event = off_wrap & 0x7fff;

	ring->n_unkicked = 0;
	if (flags == EVENT_DISABLE)
		return false;
	if (flags != EVENT_DESC || !ring->event_idx)
		return true;
	if ((off_wrap >> 15) != ring->avail_at.wrap)
		event = (uint16_t)(event - ring->size);
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

static bool is_used(const struct ring *ring, struct ring_at at)
{
	uint16_t both = PACKED_F_AVAIL | PACKED_F_USED;

	return (flags_at(ring, at.index) & both) == used_flags(at.wrap);
}

static bool has_used(const struct ring *ring)
{
	return is_used(ring, ring->used_at);
}

/* How many descriptors the chain had: so many does the one that it comes back in stand for. */
static unsigned chain_length(const struct ring *ring, uint16_t id)
{
	unsigned n = 0;

	if (id >= ring->size)
		failure("used id %u in a ring of %u", id, ring->size);
	for (int32_t at = id; at >= 0; at = ring->next[at])
		n++;
	return n;
}

static struct ring_used take_used(struct ring *ring)
{
	struct packed_desc desc;

	memory_read(ring->memory, desc_at(ring, ring->used_at.index), &desc, sizeof(desc));
	if (ring->next[desc.id < ring->size ? desc.id : 0] == -2)
		failure("used id %u was not given", desc.id);
	if (!(desc.flags & DESC_F_WRITE) != (desc.len == 0))
		failure("used length %u with flags 0x%x", desc.len, desc.flags);
	ring->used_at = at_add(ring, ring->used_at, chain_length(ring, desc.id));
	ring->used_idx++;
	if (ring->event_idx && !ring->manual_event) {
		ring_store16(ring, ring->avail, at_encode(ring->used_at));
		ring_store16(ring, ring->avail + 2, EVENT_DESC);
	}
	return (struct ring_used){ .id = desc.id, .len = desc.len };
}

static bool all_taken(const struct ring *ring)
{
	return ring_load16(ring, ring->used + 2) == EVENT_DESC &&
	       ring_load16(ring, ring->used) == at_encode(ring->avail_at);
}

static uint32_t base(const struct ring *ring)
{
	return at_encode(ring->avail_at) | (uint32_t)at_encode(ring->used_at) << 16;
}

static uint32_t returned_base(const struct ring *ring)
{
	struct ring_at at = ring->used_at;
	uint16_t id;

	for (unsigned i = 0; i < ring->size && is_used(ring, at); i++) {
		id = ring_load16(ring, desc_at(ring, at.index) + 12);
		at = at_add(ring, at, chain_length(ring, id));
	}
	return at_encode(at) | (uint32_t)at_encode(at) << 16;
}

/* A list without an end. */
/* The first one last: the device may be looking. */
static void make_bad(struct ring *ring)
{
	for (unsigned i = ring->size; i-- > 0;) {
		struct ring_at at = at_add(ring, ring->avail_at, i);

		ring_store16(ring, desc_at(ring, at.index) + 14, available_flags(at.wrap) | DESC_F_NEXT);
	}
}

const struct ring_format ring_packed = {
	.desc_size = desc_size,
	.avail_size = event_size,
	.used_size = event_size,
	.start_at = start_at,
	.table_fill = table_fill,
	.enter = enter,
	.publish = publish,
	.wants_kick = wants_kick,
	.has_used = has_used,
	.take_used = take_used,
	.all_taken = all_taken,
	.base = base,
	.returned_base = returned_base,
	.make_bad = make_bad,
};
