// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "ring.h"

#include "clock.h"
#include "machine.h"
#include "memory.h"

void ring_make(struct ring *ring, unsigned index, uint16_t size, bool packed)
{
	*ring = (struct ring){ .index = index, .size = size, .packed = packed, .wrap = true, .used_wrap = true };
	if (packed) {
		ring->descriptors = memory_new(size * (uint32_t)sizeof(*ring->descriptors));
		memory_fill((void *)ring->descriptors, 0, size * (uint32_t)sizeof(*ring->descriptors));
		ring->driver_events = memory_new_readable(sizeof(*ring->driver_events));
		ring->device_events = memory_new(sizeof(*ring->device_events));
		*(volatile uint32_t *)ring->driver_events = 0;
		*(volatile uint32_t *)ring->device_events = 0;
		return;
	}
	ring->table = memory_new_readable(size * (uint32_t)sizeof(*ring->table));
	memory_fill((void *)ring->table, 0, size * (uint32_t)sizeof(*ring->table));
	ring->available = memory_new_readable(6 + 2u * size);
	memory_fill((void *)ring->available, 0, 6 + 2u * size);
	ring->used = memory_new(6 + 8u * size);
	memory_fill((void *)ring->used, 0, 6 + 8u * size);
}

struct queue_place ring_place(const struct ring *ring)
{
	if (ring->packed)
		return (struct queue_place){ address_of(ring->descriptors), address_of(ring->driver_events),
					     address_of(ring->device_events), ring->size };
	return (struct queue_place){ address_of(ring->table), address_of(ring->available), address_of(ring->used),
				     ring->size };
}

uint16_t ring_available(const struct ring *ring)
{
	return ring->wrap ? DESC_AVAIL : DESC_USED;
}

void ring_poke(struct ring *ring, uint16_t at, const struct piece *piece, uint16_t next)
{
	if (ring->packed) {
		ring->descriptors[at].address = piece->address;
		ring->descriptors[at].length = piece->length;
		ring->descriptors[at].id = at;
		memory_order();
		ring->descriptors[at].flags = piece->flags;
		return;
	}
	ring->table[at].address = piece->address;
	ring->table[at].length = piece->length;
	ring->table[at].flags = piece->flags;
	ring->table[at].next = next;
}

static uint16_t free_slot(const struct ring *ring)
{
	for (uint16_t i = 0; i < ring->size; i++) {
		if (ring->owner[i] == 0)
			return i;
	}
	return 0;
}

// Written from behind: each knows its next one.
static void write_split(struct ring *ring, const struct piece *pieces, unsigned count)
{
	uint16_t slots[RING_MAX];

	for (unsigned i = 0; i < count; i++) {
		slots[i] = free_slot(ring);
		ring->owner[slots[i]] = RING_MAX + 1;
	}
	for (unsigned i = count; i-- > 0;) {
		struct piece piece = pieces[i];

		ring->owner[slots[i]] = (uint16_t)(slots[0] + 1);
		if (i + 1 < count)
			piece.flags |= DESC_NEXT;
		ring_poke(ring, slots[i], &piece, i + 1 < count ? slots[i + 1] : 0);
	}
	ring->chain_first = slots[0];
}

// The first one's flags come last, from ring_expose().
static void write_packed(struct ring *ring, const struct piece *pieces, unsigned count)
{
	uint16_t id = free_slot(ring);

	ring->owner[id] = (uint16_t)(id + 1);
	ring->chain_first = id;
	ring->chain_at = ring->next;
	for (unsigned i = 0; i < count; i++) {
		uint16_t flags = (uint16_t)(pieces[i].flags | ring_available(ring) | (i + 1 < count ? DESC_NEXT : 0));
		struct piece piece = { pieces[i].address, pieces[i].length,
				       i ? flags : ring->descriptors[ring->next].flags };

		if (i == 0)
			ring->chain_flags = flags;
		ring_poke(ring, ring->next, &piece, 0);
		ring->descriptors[ring->next].id = id;
		if (++ring->next == ring->size) {
			ring->next = 0;
			ring->wrap = !ring->wrap;
		}
	}
}

uint16_t ring_write(struct ring *ring, const struct piece *pieces, unsigned count)
{
	(ring->packed ? write_packed : write_split)(ring, pieces, count);
	ring->pieces[ring->chain_first] = (uint8_t)count;
	return ring->chain_first;
}

void ring_expose(struct ring *ring)
{
	memory_order();
	if (ring->packed) {
		ring->descriptors[ring->chain_at].flags = ring->chain_flags;
		return;
	}
	ring->available->heads[ring->next % ring->size] = ring->chain_first;
	memory_order();
	ring->available->index = ++ring->next;
}

uint16_t ring_send(struct ring *ring, const struct piece *pieces, unsigned count)
{
	uint16_t id = ring_write(ring, pieces, count);

	ring_expose(ring);
	ring_kick(ring);
	return id;
}

void ring_kick(const struct ring *ring)
{
	memory_order();
	bus->notify(ring->index);
}

bool ring_returned(const struct ring *ring)
{
	uint16_t flags;

	if (!ring->packed)
		return ring->used->index != ring->used_next;
	flags = ring->descriptors[ring->used_next].flags;
	return !!(flags & DESC_AVAIL) == ring->used_wrap && !!(flags & DESC_USED) == ring->used_wrap;
}

static void release(struct ring *ring, uint32_t id)
{
	for (uint16_t i = 0; i < ring->size; i++) {
		if (ring->owner[i] == id + 1)
			ring->owner[i] = 0;
	}
	ring->pieces[id] = 0;
}

static void take_packed(struct ring *ring, struct taken *taken)
{
	const volatile struct packed_descriptor *descriptor = &ring->descriptors[ring->used_next];

	*taken = (struct taken){ descriptor->id, descriptor->length };
	ring->used_next = (uint16_t)(ring->used_next + (taken->id < ring->size ? ring->pieces[taken->id] : 1));
	if (ring->used_next >= ring->size) {
		ring->used_next = (uint16_t)(ring->used_next - ring->size);
		ring->used_wrap = !ring->used_wrap;
	}
}

bool ring_take(struct ring *ring, struct taken *taken, unsigned ms)
{
	unsigned start = clock_ms();

	while (!ring_returned(ring)) {
		if (clock_ms() - start >= ms)
			return false;
	}
	memory_order();
	if (ring->packed) {
		take_packed(ring, taken);
	} else {
		*taken = (struct taken){ ring->used->chains[ring->used_next % ring->size].id,
					 ring->used->chains[ring->used_next % ring->size].length };
		ring->used_next++;
	}
	if (taken->id < ring->size)
		release(ring, taken->id);
	return true;
}
