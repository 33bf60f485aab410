/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The split ring as a driver writes it: VirtIO 1.3, 2.7. */
#include "ring_format.h"

static uint64_t desc_size(unsigned n)
{
	return 16ull * n;
}

static uint64_t avail_size(unsigned n)
{
	return 6 + 2ull * n;
}

static uint64_t used_size(unsigned n)
{
	return 6 + 8ull * n;
}

uint16_t ring_used_idx(const struct ring *ring)
{
	return ring_load16(ring, ring->used + 2);
}

uint16_t ring_used_flags(const struct ring *ring)
{
	return ring_load16(ring, ring->used);
}

uint16_t ring_avail_event(const struct ring *ring)
{
	return ring_load16(ring, ring->used + 4 + 8ull * ring->size);
}

void ring_set_used_idx(struct ring *ring, uint16_t idx)
{
	ring_store16(ring, ring->used + 2, idx);
}

void ring_set_avail_flags(struct ring *ring, uint16_t flags)
{
	ring_store16(ring, ring->avail, flags);
}

void ring_set_used_event(struct ring *ring, uint16_t idx)
{
	ring_store16(ring, ring->avail + 4 + 2ull * ring->size, idx);
}

void ring_desc_set(struct ring *ring, uint16_t index, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	struct split_desc *desc = memory_at(ring->memory, ring->desc + 16ull * index, sizeof(*desc));

	*desc = (struct split_desc){ .addr = addr, .len = len, .flags = flags, .next = next };
}

void ring_publish_head(struct ring *ring, uint16_t head)
{
	ring_store16(ring, ring->avail + 4 + 2ull * (ring->avail_idx % ring->size), head);
	ring->avail_idx++;
	ring_publish(ring);
}

void ring_skew_avail(struct ring *ring, uint16_t by)
{
	ring->avail_idx = (uint16_t)(ring->avail_idx + by);
	ring_publish(ring);
}

static void table_fill(struct ring *ring, uint64_t table, const struct ring_part *parts, unsigned n_parts)
{
	struct split_desc *desc = memory_at(ring->memory, table, 16ull * n_parts);

	for (unsigned i = 0; i < n_parts; i++)
		desc[i] = (struct split_desc){ .addr = parts[i].addr,
					       .len = parts[i].len,
					       .flags = (uint16_t)((parts[i].write ? DESC_F_WRITE : 0) |
								   (i + 1 < n_parts ? DESC_F_NEXT : 0)),
					       .next = (uint16_t)(i + 1) };
}

static void start_at(struct ring *ring, uint16_t index)
{
	ring->avail_idx = ring->avail_kicked = ring->used_idx = index;
	ring_publish(ring);
	ring_set_used_idx(ring, index);
	ring_set_used_event(ring, index);
}

static void enter(struct ring *ring, uint16_t head, const struct ring_desc *descs, unsigned n)
{
	uint16_t at = head;

	for (unsigned i = 0; i < n; i++) {
		bool last = i + 1 == n;
		uint16_t next = last ? 0 : (uint16_t)ring->next[at];

		ring_desc_set(ring, at, descs[i].addr, descs[i].len,
			      (uint16_t)(descs[i].flags | (last ? 0 : DESC_F_NEXT)), next);
		at = next;
	}
	ring_store16(ring, ring->avail + 4 + 2ull * (ring->avail_idx % ring->size), head);
	ring->avail_idx++;
}

static void publish(struct ring *ring)
{
	ring_store16(ring, ring->avail + 2, ring->avail_idx);
	ring->avail_published = ring->avail_idx;
}

static bool wants_kick(struct ring *ring)
{
	uint16_t old = ring->avail_kicked, new = ring->avail_published;

	ring->avail_kicked = new;
	if (ring->event_idx)
		return (uint16_t)(new - ring_avail_event(ring) - 1) < (uint16_t)(new - old);
	return !(ring_used_flags(ring) & USED_F_NO_NOTIFY);
}

static bool has_used(const struct ring *ring)
{
	return ring_used_idx(ring) != ring->used_idx;
}

static struct ring_used take_used(struct ring *ring)
{
	struct split_used_elem elem;

	memory_read(ring->memory, ring->used + 4 + 8ull * (ring->used_idx % ring->size), &elem, sizeof(elem));
	ring->used_idx++;
	if (ring->event_idx && !ring->manual_event)
		ring_set_used_event(ring, ring->used_idx);
	return (struct ring_used){ .id = elem.id, .len = elem.len };
}

static bool all_taken(const struct ring *ring)
{
	return ring_avail_event(ring) == ring->avail_published;
}

static uint32_t base(const struct ring *ring)
{
	return ring->avail_published;
}

static uint32_t returned_base(const struct ring *ring)
{
	return ring_used_idx(ring);
}

/* Ahead by more than the ring's size. */
static void make_bad(struct ring *ring)
{
	ring_skew_avail(ring, (uint16_t)(ring->size + 1));
}

const struct ring_format ring_split = {
	.desc_size = desc_size,
	.avail_size = avail_size,
	.used_size = used_size,
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
