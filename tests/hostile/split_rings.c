// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// What a driver must not do to a split ring (VIRTIO 1.4, 2.7): its indices, heads, and links between descriptors.
#include "case.h"
#include "console.h"
#include "machine.h"
#include "memory.h"
#include "probe.h"

#include <stddef.h>

enum {
	ENTRIES = 4, // of an indirect table
	SEEN = RING_SIZE / 2,
};

static void heads_set(struct ring *ring, uint16_t head)
{
	for (uint16_t i = 0; i < ring->size; i++)
		ring->available->heads[i] = head;
}

static void index_set(struct ring *ring, uint16_t index)
{
	memory_order();
	ring->available->index = index;
	ring_kick(ring);
}

// A broken ring is silent until a reset, also when all of it is right again; the other ring goes on. So many chains may have
// come back before it broke.
static enum outcome stays_silent(struct device *device, unsigned before)
{
	struct ring *ring = &device->request;
	// An interrupt tells that the device has seen the kick.
	enum outcome outcome = events_go_on(device, REJECT);
	struct taken taken;

	host_do("rest");
	while (before && ring_returned(ring)) {
		before--;
		if (!ring_take(ring, &taken, 0) || taken.length != 2)
			return fail("another chain came back");
	}
	if (ring_returned(ring))
		return fail("an answer from a broken ring");
	probe_write(ring);
	heads_set(ring, ring->chain_first);
	index_set(ring, (uint16_t)(ring->next + 1));
	if (ring_take(ring, &taken, SILENT_MS))
		return fail("an answer from a ring that was broken");
	return outcome;
}

// The available index is ahead by so much; each entry is a good chain.
static enum outcome index_jumps(struct device *device)
{
	const uint16_t *ahead = device->with;
	struct ring *ring = &device->request;

	events_arm(device);
	probe_write(ring);
	heads_set(ring, ring->chain_first);
	index_set(ring, (uint16_t)(ring->next + *ahead));
	return stays_silent(device, 0);
}

// The ring is in larger memory than the device is told of: what it must not look at is good.
static bool half_ring(struct device *device)
{
	struct ring *ring = &device->request;
	struct queue_place place;

	if (!device_reset() || !device_accept(device, device->wanted))
		return false;
	device_rings(device, RING_SIZE);
	ring->size = SEEN;
	place = ring_place(ring);
	bus->queue_place(QUEUE_REQUEST, &place);
	bus->queue_enable(QUEUE_REQUEST, 1);
	device_run(device);
	return true;
}

// A good chain, then a head that there is not.
static enum outcome head_out_of_range(struct device *device)
{
	const uint16_t *head = device->with;
	struct ring *ring = &device->request;
	struct piece pieces[2];
	volatile uint8_t *response;
	enum outcome outcome;
	struct taken taken;

	if (!half_ring(device))
		return fail("no ring of that size");
	events_arm(device);
	response = probe_make(pieces);
	pieces[0].flags = DESC_NEXT;
	ring_poke(ring, *head, &pieces[0], SEEN - 1);
	ring_poke(ring, SEEN - 1, &pieces[1], 0);
	probe_write(ring);
	heads_set(ring, *head);
	ring->available->heads[ring->next++ % ring->size] = ring->chain_first;
	index_set(ring, (uint16_t)(ring->next + 1));
	if (!ring_take(ring, &taken, ANSWER_MS) || taken.length != 2)
		return fail("the chain before it was lost");
	outcome = stays_silent(device, 0);
	return response[0] == NOT_WRITTEN ? outcome : fail("a chain was done that is none");
}

// The same head so often, without waiting for it: it may come back once.
static enum outcome same_head(struct device *device)
{
	const uint16_t *times = device->with;
	struct ring *ring = &device->request;

	events_arm(device);
	probe_write(ring);
	heads_set(ring, ring->chain_first);
	index_set(ring, (uint16_t)(ring->next + *times));
	return stays_silent(device, 1);
}

// A circle: so many descriptors, and behind the last one this one of them.
struct circle {
	uint16_t count, next;
};

static bool came_back_empty(struct device *device)
{
	struct taken taken;

	return ring_take(&device->request, &taken, ANSWER_MS) && taken.length == 0 && probe_ok(device);
}

static enum outcome empty(struct device *device)
{
	return came_back_empty(device) ? PASS : fail("it did not come back empty, or the next one was not answered");
}

static enum outcome circle(struct device *device)
{
	const struct circle *circle = device->with;
	struct ring *ring = &device->request;
	uint64_t request = address_of(gpio_request_new(SET_DIRECTION, PROBE_LINE, DIRECTION_OUT));
	struct piece pieces[RING_SIZE];

	for (unsigned i = 0; i < circle->count; i++)
		pieces[i] = (struct piece){ request, 1, 0 };
	ring_write(ring, pieces, circle->count);
	ring->table[circle->count - 1].flags |= DESC_NEXT;
	ring->table[circle->count - 1].next = circle->next;
	ring_expose(ring);
	ring_kick(ring);
	return empty(device);
}

// The same in an indirect table.
static enum outcome table_circle(struct device *device)
{
	const struct circle *circle = device->with;
	uint64_t request = address_of(gpio_request_new(SET_DIRECTION, PROBE_LINE, DIRECTION_OUT));
	struct split_descriptor *table = memory_new_readable(ENTRIES * sizeof(*table));
	struct piece piece = { address_of(table), circle->count * (uint32_t)sizeof(*table), DESC_INDIRECT };

	for (uint16_t i = 0; i < circle->count; i++)
		table[i] = (struct split_descriptor){ request, 1, DESC_NEXT,
						      (uint16_t)(i + 1 < circle->count ? i + 1 : circle->next) };
	ring_send(&device->request, &piece, 1);
	return empty(device);
}

// A request, and behind it a response where no descriptor is.
static enum outcome next_out_of_range(struct device *device)
{
	const uint16_t *next = device->with;
	struct ring *ring = &device->request;
	struct piece request = { address_of(gpio_request_new(SET_DIRECTION, PROBE_LINE, DIRECTION_OUT)), 8, 0 };
	struct piece response = { address_of(memory_new(2)), 2, DESC_WRITE };

	if (!half_ring(device))
		return fail("no ring of that size");
	ring_poke(ring, *next, &response, 0);
	ring_write(ring, &request, 1);
	ring->table[ring->chain_first].flags = DESC_NEXT;
	ring->table[ring->chain_first].next = *next;
	ring_expose(ring);
	ring_kick(ring);
	return empty(device);
}

static enum outcome table_next_out_of_range(struct device *device)
{
	const uint16_t *next = device->with;
	uint64_t request = address_of(gpio_request_new(SET_DIRECTION, PROBE_LINE, DIRECTION_OUT));
	struct split_descriptor *table = memory_new_readable(ENTRIES * sizeof(*table));
	struct piece piece = { address_of(table), 2 * sizeof(*table), DESC_INDIRECT };

	table[0] = (struct split_descriptor){ request, 8, DESC_NEXT, *next };
	table[*next] = (struct split_descriptor){ address_of(memory_new(2)), 2, DESC_WRITE, 0 };
	ring_send(&device->request, &piece, 1);
	return empty(device);
}

// Two chains that end with the same descriptor: both are answered, and there is one response.
static enum outcome shared_descriptor(struct device *device)
{
	struct ring *ring = &device->request;
	struct piece piece = { address_of(gpio_request_new(GET_DIRECTION, PROBE_LINE, 0)), sizeof(struct gpio_request),
			       0 };
	volatile uint8_t *response = probe_write(ring);
	uint16_t first = ring->chain_first, second;
	struct taken taken[2];

	ring_expose(ring);
	second = ring_write(ring, &piece, 1);
	ring->table[second].flags = DESC_NEXT;
	ring->table[second].next = ring->table[first].next;
	ring_expose(ring);
	memory_seal();
	ring_kick(ring);
	if (!ring_take(ring, &taken[0], ANSWER_MS) || !ring_take(ring, &taken[1], ANSWER_MS))
		return fail("a chain did not come back");
	if (taken[0].length != 2 || taken[1].length != 2 || taken[1].id != second)
		return fail("another chain came back");
	return response[0] == STATUS_OK ? PASS : fail("another response");
}

#define WITH(function_, type_, ...)                                                                                    \
	.run = function_, .flags = SPLIT, .with = &(const type_)                                                       \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}
#define JUMP(ahead_)		    WITH(index_jumps, uint16_t, ahead_)
#define HEAD(head_)		    WITH(head_out_of_range, uint16_t, head_)
#define CIRCLE(count_, next_)	    WITH(circle, struct circle, count_, next_)
#define NEXT(next_)		    WITH(next_out_of_range, uint16_t, next_)
#define TABLE_CIRCLE(count_, next_) WITH(table_circle, struct circle, count_, next_)
#define TABLE_NEXT(next_)	    WITH(table_next_out_of_range, uint16_t, next_)

const struct hostile_case split_ring_cases[] = {
	{ "Q0160", "2.7.5", "a descriptor that is followed by itself", CIRCLE(1, 0) },
	{ "Q0161", "2.7.5", "a circle of two descriptors", CIRCLE(2, 0) },
	{ "Q0162", "2.7.5", "a circle behind the head", CIRCLE(3, 1) },
	{ "Q0163", "2.7.5", "a circle of all descriptors", CIRCLE(RING_SIZE, 0) },
	{ "Q0164", "2.7.5", "a next descriptor behind the last one", NEXT(SEEN) },
	{ "Q0165", "2.7.5", "a next descriptor of 65535", NEXT(0xffff) },
	{ "Q0166", "2.7.5", "two chains with the same end", shared_descriptor, .flags = SPLIT },
	{ "Q0167", "2.7.5.3", "an entry of an indirect table that is followed by itself", TABLE_CIRCLE(1, 0) },
	{ "Q0168", "2.7.5.3", "a circle of entries of an indirect table", TABLE_CIRCLE(3, 1) },
	{ "Q0169", "2.7.5.3", "a next entry behind the indirect table", TABLE_NEXT(2) },
	{ "Q0170", "2.7.5.3", "a next entry of 65535", TABLE_NEXT(0xffff) },
	{ "Q0171", "2.7.6", "a head behind the last descriptor", HEAD(SEEN) },
	{ "Q0172", "2.7.6", "a head of 65535", HEAD(0xffff) },
	{ "Q0173", "2.7.6", "a head that is right in its low byte", HEAD(0x4000) },
	{ "Q0174", "2.7.6", "the available index is ahead by one more than the ring", JUMP(RING_SIZE + 1) },
	{ "Q0175", "2.7.6", "the available index is ahead by half of its range", JUMP(0x8000) },
	{ "Q0176", "2.7.6", "the available index is ahead by 65519, near its end", JUMP(0xffef) },
	{ "Q0177", "2.7.6", "the available index goes back by one", JUMP(0xffff) },
	{ "Q0178", "2.7.6", "the available index goes back to where it began", JUMP(0xfffe) },
	{ "Q0179", "2.7.6", "a head twice at once", WITH(same_head, uint16_t, 2) },
	{ "Q0180", "2.7.6", "a head as often as the ring has entries", WITH(same_head, uint16_t, RING_SIZE) },
	{ .id = NULL },
};
