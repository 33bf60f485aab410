// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// What each side of a split ring tells the other beside chains (VIRTIO 1.4, 2.7.6 to 2.7.10): flags, event indices, the used
// ring; and indices that go round.
#include "case.h"
#include "clock.h"
#include "console.h"
#include "machine.h"
#include "memory.h"
#include "probe.h"

#include <stddef.h>

static void index_set(struct ring *ring, uint16_t index)
{
	memory_order();
	ring->available->index = index;
	ring_kick(ring);
}

// A request with these flags of the available ring: whether it is to interrupt.
struct flags {
	uint16_t flags;
	bool interrupts;
};

static enum outcome flagged_request(struct device *device, uint16_t flags, bool interrupts)
{
	bus->interrupts();
	device->request.available->flags = flags;
	if (!probe_ok(device))
		return fail("no answer");
	if (probe_interrupted(interrupts ? ANSWER_MS : SILENT_MS) != interrupts)
		return fail(interrupts ? "no interrupt" : "an interrupt that was not wanted");
	return bus->interrupts() & INTERRUPT_USED ? fail("an interrupt that was taken is there again") : PASS;
}

// Then without them: it interrupts again.
static enum outcome available_flags(struct device *device)
{
	const struct flags *flags = device->with;
	enum outcome outcome = flagged_request(device, flags->flags, flags->interrupts);

	return outcome == PASS ? flagged_request(device, 0, true) : outcome;
}

static volatile uint16_t *used_event(struct ring *ring)
{
	return &ring->available->heads[ring->size];
}

static volatile uint16_t *avail_event(struct ring *ring)
{
	return (volatile uint16_t *)&ring->used->chains[ring->size];
}

// used_event is so far ahead of the used index (EVENT_IDX): whether the next chain is to interrupt. NO_INTERRUPT says nothing
// then.
struct event {
	uint16_t ahead, flags;
	bool interrupts;
};

static enum outcome used_event_ahead(struct device *device)
{
	const struct event *event = device->with;
	struct ring *ring = &device->request;

	*used_event(ring) = (uint16_t)(ring->used_next + event->ahead);
	return flagged_request(device, event->flags, event->interrupts);
}

// Without EVENT_IDX neither says anything.
static enum outcome events_not_negotiated(struct device *device)
{
	*used_event(&device->request) = 0x7fff;
	*avail_event(&device->request) = 0x7fff;
	return flagged_request(device, 0, true);
}

// The interrupt comes with the second chain, whose place was named.
static enum outcome used_event_in_time(struct device *device)
{
	struct ring *ring = &device->request;
	enum outcome outcome;

	*used_event(ring) = (uint16_t)(ring->used_next + 1);
	outcome = flagged_request(device, 0, false);
	return outcome == PASS ? flagged_request(device, 0, true) : outcome;
}

// The area that only the device may write is the driver's: what the device says next is right all the same.
static enum outcome used_ring_written(struct device *device)
{
	const uint8_t *byte = device->with;
	struct ring *ring = &device->request;
	uint16_t index;

	if (!probe_ok(device))
		return fail("no answer");
	host_do("rest");
	index = ring->used->index;
	memory_fill((void *)ring->used, *byte, 6 + 8u * ring->size);
	probe_write(ring);
	ring_expose(ring);
	ring_kick(ring);
	host_do("rest");
	if (ring->used->index != (uint16_t)(index + 1))
		return fail("another used index");
	if (ring->used->chains[index % ring->size].id != ring->chain_first ||
	    ring->used->chains[index % ring->size].length != 2)
		return fail("another used chain");
	ring->used_next = (uint16_t)(index + 1);
	return probe_ok(device) ? PASS : fail("no answer");
}

// avail_event as the driver leaves it: the device asks for its kick anew, and flags stay 0.
static enum outcome avail_event_written(struct device *device)
{
	struct ring *ring = &device->request;

	*avail_event(ring) = 0x8000;
	if (!probe_ok(device))
		return fail("no answer");
	host_do("rest");
	if (*avail_event(ring) != ring->next)
		return fail("no kick is asked for at the next chain");
	return ring->used->flags == 0 ? PASS : fail("flags beside event indices");
}

// Both indices go round.
static enum outcome index_wraps(struct device *device)
{
	struct ring *ring = &device->request;
	uint16_t size = bus->queue_max(QUEUE_REQUEST) < RING_MAX / 2 ? RING_SIZE : RING_MAX / 2, chains = size / 2;
	volatile uint8_t *response;
	unsigned start;

	if (!device_begin(device, device->accepted, size))
		return fail("no ring of that size");
	response = probe_write(ring);
	for (uint16_t i = 1; i < chains; i++) {
		ring->table[2 * i] = ring->table[0];
		ring->table[2 * i].next = 2 * i + 1;
		ring->table[2 * i + 1] = ring->table[1];
	}
	for (uint16_t i = 0; i < size; i++)
		ring->available->heads[i] = (uint16_t)(i * 2 % size);
	for (unsigned done = 0; done < 65536 + 2u * size; done += chains) {
		index_set(ring, (uint16_t)(ring->available->index + chains));
		for (start = clock_ms(); ring->used->index != ring->available->index;) {
			if (clock_ms() - start >= ANSWER_MS)
				return fail("no answer");
		}
	}
	ring->next = ring->used_next = ring->available->index;
	ring->owner[0] = ring->owner[1] = 0;
	return response[0] == STATUS_OK && probe_ok(device) ? PASS : fail("another response");
}

#define WITH(function_, type_, ...)                                                                                    \
	.run = function_, .flags = SPLIT, .with = &(const type_)                                                       \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}
#define FLAGS(flags_, interrupts_) WITH(available_flags, struct flags, flags_, interrupts_)
#define EVENT(ahead_, flags_, interrupts_)                                                                             \
	WITH(used_event_ahead, struct event, ahead_, flags_, interrupts_), .more = 1ull << F_EVENT_IDX
#define USED(byte_) WITH(used_ring_written, uint8_t, byte_)

const struct hostile_case split_event_cases[] = {
	{ "Q0181", "2.7.6", "flags of the available ring that there are not", FLAGS(0xfffe, true) },
	{ "Q0182", "2.7.7", "NO_INTERRUPT, and then not", FLAGS(AVAIL_NO_INTERRUPT, false) },
	{ "Q0183", "2.7.7", "all flags of the available ring, and then none", FLAGS(0xffff, false) },
	{ "Q0184", "2.7.7", "event indices that were not negotiated", events_not_negotiated, .flags = SPLIT },
	{ "Q0185", "2.7.7.1", "an interrupt at the next chain", EVENT(0, 0, true) },
	{ "Q0186", "2.7.7.1", "an interrupt at the next chain, and NO_INTERRUPT beside it", EVENT(0, 1, true) },
	{ "Q0187", "2.7.7.1", "an interrupt at the chain behind the next", used_event_in_time, .flags = SPLIT,
	  .more = 1ull << F_EVENT_IDX },
	{ "Q0188", "2.7.7.1", "an interrupt at the chain before", EVENT(0xffff, 0, false) },
	{ "Q0189", "2.7.7.1", "an interrupt half the range ahead", EVENT(0x8000, 0, false) },
	{ "Q0190", "2.7.7.1", "an interrupt half the range behind", EVENT(0x7fff, 0, false) },
	{ "Q0191", "2.7.8", "the used ring is all ones", USED(0xff) },
	{ "Q0192", "2.7.8", "the used ring is all zeroes", USED(0) },
	{ "Q0193", "2.7.8", "the used ring is all ones, with event indices", USED(0xff), .more = 1ull << F_EVENT_IDX },
	{ "Q0194", "2.7.10", "the device's event index is written by the driver", avail_event_written, .flags = SPLIT,
	  .more = 1ull << F_EVENT_IDX },
	{ "Q0195", "2.7.6", "both indices go round", index_wraps, .flags = SPLIT },
	{ "Q0196", "2.7.6", "both indices go round, with event indices", index_wraps, .flags = SPLIT,
	  .more = 1ull << F_EVENT_IDX },
	{ .id = NULL },
};
