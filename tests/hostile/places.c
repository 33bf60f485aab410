// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Rings that are aligned as little as they may be, or less (VIRTIO 1.4, 2.7, 2.8.10.1), and of sizes that few have. Where else no
// ring may lie: ./queues.c.
#include "case.h"
#include "memory.h"
#include "probe.h"

#include <stddef.h>

enum area { DESCRIPTORS, DRIVER_AREA, DEVICE_AREA };

enum want { SERVED, UNSERVED, EITHER };

// So many bytes behind the start of a page.
struct placing {
	enum want want;
	enum area area;
	uint32_t offset;
};

// The area lies there: of both formats the same pointers.
static void ring_move(struct ring *ring, enum area area, void *at)
{
	switch (area) {
	case DESCRIPTORS:
		ring->table = at;
		ring->descriptors = at;
		break;
	case DRIVER_AREA:
		ring->available = at;
		ring->driver_events = at;
		break;
	case DEVICE_AREA:
		ring->used = at;
		ring->device_events = at;
		break;
	}
}

static void *zeroes_new(void)
{
	void *memory = memory_new(PAGE_BYTES);

	memory_fill(memory, 0, PAGE_BYTES);
	return memory;
}

// Up to the point where the device is told where the request ring lies, and of how many entries it is.
static bool begin(struct device *device, uint16_t size)
{
	if (!device_accept(device, device->wanted))
		return false;
	device_rings(device, RING_SIZE);
	ring_make(&device->request, QUEUE_REQUEST, size, device->accepted & feature(F_RING_PACKED));
	return true;
}

static void run(struct device *device, uint16_t size)
{
	struct queue_place place = ring_place(&device->request);

	place.size = size;
	bus->queue_place(QUEUE_REQUEST, &place);
	bus->queue_enable(QUEUE_REQUEST, 1);
	device_run(device);
}

// One request, in one descriptor if the ring has no more.
static enum outcome ask(struct device *device, unsigned ms)
{
	struct piece pieces[2], table;
	volatile uint8_t *response = probe_make(pieces);
	bool one = device->request.size < 2;
	struct taken taken;

	table = probe_table(pieces, device->request.packed);
	ring_send(&device->request, one ? &table : pieces, one ? 1 : 2);
	if (!ring_take(&device->request, &taken, ms) || taken.length == 0)
		return REJECT;
	return taken.length == 2 && response[0] == STATUS_OK ? PASS : fail("another response");
}

static enum outcome judge(enum outcome outcome, enum want want)
{
	if (outcome == REJECT && want == SERVED)
		return fail("no answer");
	return outcome == PASS && want == UNSERVED ? fail("an answer") : outcome;
}

static enum outcome place(struct device *device)
{
	const struct placing *placing = device->with;

	if (!begin(device, RING_SIZE))
		return fail("no features");
	ring_move(&device->request, placing->area, (uint8_t *)zeroes_new() + placing->offset);
	run(device, RING_SIZE);
	return judge(ask(device, placing->want == SERVED ? ANSWER_MS : SILENT_MS), placing->want);
}

// Of a size, 0 for the largest that the device has: as many requests as go round it.
struct size {
	enum want split, packed;
	uint16_t size;
};

static enum outcome size(struct device *device)
{
	const struct size *size = device->with;
	uint32_t max = bus->queue_max(QUEUE_REQUEST);
	uint16_t entries = size->size ? size->size : (uint16_t)(max < RING_MAX ? max : RING_MAX);
	enum outcome outcome = PASS;
	enum want want;

	if (!begin(device, entries))
		return fail("no features");
	run(device, entries);
	want = device->request.packed ? size->packed : size->split;
	for (unsigned i = 0; i < 10 && outcome == PASS; i++)
		outcome = judge(ask(device, want == SERVED ? ANSWER_MS : SILENT_MS), want);
	return outcome;
}

#define PLACE(want_, area_, offset_)                                                                                   \
	.run = place, .flags = BOTH | RAW, .with = &(const struct placing)                                             \
	{                                                                                                              \
		want_, area_, offset_                                                                                  \
	}
#define SIZE(split_, packed_, size_)                                                                                   \
	.run = size, .flags = BOTH | RAW, .with = &(const struct size)                                                 \
	{                                                                                                              \
		split_, packed_, size_                                                                                 \
	}

const struct hostile_case place_cases[] = {
	{ "Q0200", "2.7", "descriptors at a multiple of 16", PLACE(SERVED, DESCRIPTORS, 16) },
	{ "Q0201", "2.7", "descriptors at a multiple of 8", PLACE(UNSERVED, DESCRIPTORS, 8) },
	{ "Q0202", "2.7", "the driver's area at a multiple of 4", PLACE(SERVED, DRIVER_AREA, 4) },
	{ "Q0203", "2.7", "the driver's area at an odd address", PLACE(UNSERVED, DRIVER_AREA, 1) },
	{ "Q0204", "2.7", "the device's area at a multiple of 4", PLACE(SERVED, DEVICE_AREA, 4) },
	{ "Q0205", "2.7", "the device's area at a multiple of 2", PLACE(UNSERVED, DEVICE_AREA, 2) },
	{ "Q0206", "2.7", "a ring of one descriptor", SIZE(SERVED, SERVED, 1) },
	{ "Q0207", "2.7", "a ring of two descriptors", SIZE(SERVED, SERVED, 2) },
	{ "Q0208", "2.7", "a ring of three descriptors", SIZE(UNSERVED, SERVED, 3) },
	{ "Q0209", "2.7", "a ring as large as may be", SIZE(SERVED, SERVED, 0) },
	{ .id = NULL },
};
