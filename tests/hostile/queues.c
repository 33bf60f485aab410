// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// How a driver tells the device of its rings (VIRTIO 1.4, 2.6, 3.1.1, 4.1.4.3, 4.2.2): twice, late, with other sizes and with
// addresses that are none.
#include "memory.h"
#include "script.h"

enum {
	REQUESTS = 4,
	// What of a ring is elsewhere.
	DESCRIPTORS = 1,
	DRIVER = 2,
	DEVICE = 4,
	EVERYTHING = DESCRIPTORS | DRIVER | DEVICE,
	// Of which queues.
	REQUESTQ = 1 << QUEUE_REQUEST,
	EVENTQ = 1 << QUEUE_EVENT,
	BOTHQ = REQUESTQ | EVENTQ,
	// Where, beside addresses.
	UNALIGNED = 1,
	REGISTERS = 2,	      // the device's own
	DESCRIPTOR_TABLE = 3, // of the request queue
};

#define FIRMWARE   0xfffff000u // which is read-only
#define OPTION_ROM 0xc0000
#define LOCAL_APIC 0xfee00000u
#define TOP	   0xfffffffffffff000ull

struct elsewhere {
	unsigned queues, parts;
	uint64_t where;
};

static uint64_t address_elsewhere(const struct device *device, uint64_t here, uint64_t where)
{
	switch (where) {
	case UNALIGNED:
		return here + 1;
	case REGISTERS:
		return address_of(bus->config()) & ~(uint64_t)(PAGE_BYTES - 1);
	case DESCRIPTOR_TABLE:
		return ring_place(&device->request).descriptors;
	default:
		return where;
	}
}

static void place_elsewhere(struct device *device, unsigned queue, const struct elsewhere *elsewhere)
{
	struct queue_place place = ring_place(queue ? &device->event : &device->request);
	uint64_t *const parts[] = { &place.descriptors, &place.driver, &place.device };

	for (unsigned i = 0; i < 3; i++) {
		if (elsewhere->queues & 1u << queue && elsewhere->parts & 1u << i)
			*parts[i] = address_elsewhere(device, *parts[i], elsewhere->where);
	}
	bus->queue_place(queue, &place);
	bus->queue_enable(queue, 1);
}

static void place_both(struct device *device)
{
	place_elsewhere(device, QUEUE_REQUEST, device->with);
	place_elsewhere(device, QUEUE_EVENT, device->with);
}

// What it does with such a ring is left to it.
static enum outcome strange_outcome(struct device *device)
{
	request(device, REQUESTS);
	bus->notify(QUEUE_EVENT);
	return chain_outcome(&device->request, 2);
}

static enum outcome elsewhere(struct device *device)
{
	negotiate(device, 0);
	make_ring(device, QUEUE_REQUEST);
	make_ring(device, QUEUE_EVENT);
	place_both(device);
	device_run(device);
	return strange_outcome(device);
}

// Of rings that run, and hold a buffer; they are stopped and started there.
static enum outcome elsewhere_live(struct device *device)
{
	start(device, 0);
	arm(device, 2);
	place_both(device);
	request(device, REQUESTS);
	bus->set_status(STATUS_NEGOTIATED);
	bus->set_status(STATUS_RUNNING);
	return strange_outcome(device);
}

#define ELSEWHERE(how, queues, parts, where)                                                                           \
	.run = how, .with = &(const struct elsewhere){ queues, parts, where }, .flags = BOTH | RAW

// The size that the device is told; the ring has as much if there can be such a one, or else what the device may keep to.
static void size_tell(struct device *device, unsigned queue, uint16_t size)
{
	struct ring *ring = queue ? &device->event : &device->request;
	struct queue_place place;

	ring_make(ring, queue, size && size <= RING_MAX ? size : (uint16_t)bus->queue_max(queue),
		  device->accepted & feature(F_RING_PACKED));
	place = ring_place(ring);
	place.size = size;
	bus->queue_place(queue, &place);
	bus->queue_enable(queue, 1);
}

static enum outcome size(struct device *device)
{
	const uint16_t *told = device->with;

	negotiate(device, 0);
	size_tell(device, QUEUE_REQUEST, *told);
	size_tell(device, QUEUE_EVENT, *told);
	device_run(device);
	return strange_outcome(device);
}

#define SIZE(told) .run = size, .with = &(const uint16_t){ told }, .flags = BOTH | RAW

static void enable_with(struct device *device, uint64_t value)
{
	(void)device;
	bus->queue_enable(QUEUE_REQUEST, (uint32_t)value);
	bus->queue_enable(QUEUE_EVENT, (uint32_t)value);
}

// The size of rings that are told of already.
static void resize(struct device *device, uint64_t size)
{
	struct queue_place place = ring_place(&device->request);

	place.size = (uint16_t)size;
	bus->queue_place(QUEUE_REQUEST, &place);
}

const struct hostile_case queue_cases[] = {
	{ "Q0340", "2.7", "descriptors at an odd address", ELSEWHERE(elsewhere, BOTHQ, DESCRIPTORS, UNALIGNED) },
	{ "Q0341", "2.7", "the driver's area at an odd address", ELSEWHERE(elsewhere, BOTHQ, DRIVER, UNALIGNED) },
	{ "Q0342", "2.7", "the device's area at an odd address", ELSEWHERE(elsewhere, BOTHQ, DEVICE, UNALIGNED) },
	{ "Q0343", "2.6", "rings behind the end of memory", ELSEWHERE(elsewhere, BOTHQ, EVERYTHING, RAM_END) },
	{ "Q0344", "2.6", "rings across the end of memory", ELSEWHERE(elsewhere, BOTHQ, EVERYTHING, RAM_END - 4) },
	{ "Q0345", "2.6", "descriptors in the device's registers",
	  ELSEWHERE(elsewhere, BOTHQ, DESCRIPTORS, REGISTERS) },
	{ "Q0346", "2.6", "the driver's area in the device's registers",
	  ELSEWHERE(elsewhere, BOTHQ, DRIVER, REGISTERS) },
	{ "Q0347", "2.6", "the device's area in the device's registers",
	  ELSEWHERE(elsewhere, BOTHQ, DEVICE, REGISTERS) },
	{ "Q0348", "2.6", "all of a ring in the device's registers",
	  ELSEWHERE(elsewhere, BOTHQ, EVERYTHING, REGISTERS) },
	{ "Q0349", "2.6", "the device's area in the hole below 1 MiB",
	  ELSEWHERE(elsewhere, BOTHQ, DEVICE, HOLE_START) },
	{ "Q0350", "2.6", "the device's area in a ROM", ELSEWHERE(elsewhere, BOTHQ, DEVICE, OPTION_ROM) },
	{ "Q0351", "2.6", "all of a ring in the firmware", ELSEWHERE(elsewhere, BOTHQ, EVERYTHING, FIRMWARE) },
	{ "Q0352", "2.6", "the device's area in the interrupt controller",
	  ELSEWHERE(elsewhere, BOTHQ, DEVICE, LOCAL_APIC) },
	{ "Q0353", "2.6", "rings at the end of all addresses", ELSEWHERE(elsewhere, BOTHQ, EVERYTHING, TOP) },
	{ "Q0354", "2.6", "rings at address 0", ELSEWHERE(elsewhere, BOTHQ, EVERYTHING, 0) },
	{ "Q0355", "2.6", "the device's area at address 0", ELSEWHERE(elsewhere, BOTHQ, DEVICE, 0) },
	{ "Q0356", "2.6", "the three parts of a ring in one place",
	  ELSEWHERE(elsewhere, REQUESTQ, EVERYTHING, DESCRIPTOR_TABLE) },
	{ "Q0357", "2.6", "both rings in one place", ELSEWHERE(elsewhere, BOTHQ, EVERYTHING, DESCRIPTOR_TABLE) },
	{ "Q0358", "2.6", "the event ring shares the requests' descriptors",
	  ELSEWHERE(elsewhere, EVENTQ, DESCRIPTORS, DESCRIPTOR_TABLE) },
	{ "Q0359", "2.6", "only the event ring is nowhere", ELSEWHERE(elsewhere, EVENTQ, EVERYTHING, RAM_END) },
	{ "Q0360", "2.6", "rings that run are moved behind the end of memory",
	  ELSEWHERE(elsewhere_live, BOTHQ, EVERYTHING, RAM_END) },
	{ "Q0361", "2.6", "rings that run are moved into the registers",
	  ELSEWHERE(elsewhere_live, BOTHQ, DEVICE, REGISTERS) },
	{ "Q0362", "2.6", "rings that run are moved into one place",
	  ELSEWHERE(elsewhere_live, BOTHQ, EVERYTHING, DESCRIPTOR_TABLE) },
	{ "Q0363", "2.6", "rings that run are moved to address 0", ELSEWHERE(elsewhere_live, BOTHQ, EVERYTHING, 0) },
	{ "Q0364", "2.6", "a ring without entries", SIZE(0) },
	{ "Q0365", "2.6", "a ring of one entry", SIZE(1) },
	{ "Q0366", "2.6", "a ring of 3 entries", SIZE(3) },
	{ "Q0367", "2.6", "a ring of 63 entries", SIZE(63) },
	{ "Q0368", "2.6", "a ring larger than the largest", SIZE(1024) },
	{ "Q0369", "2.6", "a ring of 32,768 entries", SIZE(32768) },
	{ "Q0370", "2.6", "a ring of 65,535 entries", SIZE(65535) },
	{ "Q0371", "2.6", "another size for a ring that runs",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 4 }, { resize, 4 }, { enable, 0 }, { request, 2 },
		 { write_status, STATUS_NEGOTIATED }, { write_status, STATUS_RUNNING }) },
	{ "Q0372", "3.1.1", "queues are enabled twice",
	  SCRIPT(serves, { set_up, 0 }, { enable, 0 }, { enable, 1 }, { write_status, STATUS_RUNNING },
		 { request, 4 }) },
	{ "Q0373", "3.1.1", "queues are enabled again while they run",
	  SCRIPT(serves, { start, 0 }, { request, 4 }, { enable, 0 }, { enable, 1 }, { request, 4 }) },
	{ "Q0374", "4.1.4.3.2", "queues are disabled before they run, and enabled",
	  SCRIPT(either, { set_up, 0 }, { disable, 0 }, { disable, 1 }, { enable, 0 }, { enable, 1 },
		 { write_status, STATUS_RUNNING }) },
	{ "Q0375", "4.1.4.3.2", "queues are disabled while they run, and enabled",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 4 }, { disable, 0 }, { disable, 1 }, { request, 2 },
		 { enable, 0 }, { enable, 1 }, { write_status, STATUS_NEGOTIATED }, { write_status, STATUS_RUNNING }) },
	{ "Q0376", "4.1.4.3.2", "queues are enabled with other values than 1",
	  SCRIPT(either, { start, 0 }, { enable_with, 2 }, { enable_with, 0xffff }, { request, 4 }) },
	{ "Q0377", "3.1.1", "queues are enabled that were told nowhere",
	  SCRIPT(silent, { negotiate, 0 }, { enable, 0 }, { enable, 1 }, { write_status, STATUS_RUNNING },
		 { notify, 0 }, { notify, 1 }) },
	{ "Q0378", "3.1.1", "DRIVER_OK without a queue",
	  SCRIPT(silent, { negotiate, 0 }, { write_status, STATUS_RUNNING }, { notify, 0 }, { notify, 1 }) },
	{ "Q0379", "3.1.1", "queues are set up after DRIVER_OK",
	  SCRIPT(either, { negotiate, 0 }, { write_status, STATUS_RUNNING }, { set_rings, RING_SIZE }) },
	{ "Q0380", "3.1.1", "the event queue is set up after DRIVER_OK",
	  SCRIPT(either, { negotiate, 0 }, { set_ring, 0 }, { write_status, STATUS_RUNNING }, { request, 4 },
		 { set_ring, 1 }, { notify, 1 }) },
	{ "Q0381", "3.1.1", "only the event queue",
	  SCRIPT(silent, { negotiate, 0 }, { set_ring, 1 }, { write_status, STATUS_RUNNING }, { notify, 0 },
		 { notify, 1 }) },
	{ "Q0382", "3.1.1", "requests before DRIVER_OK stay where they are, and are answered after it",
	  SCRIPT(serves, { set_up, 0 }, { request, 4 }, { stay_silent, SILENT_MS }, { write_status, STATUS_RUNNING },
		 { notify, 0 }) },
	{ "Q0383", "2.6.1", "a queue is reset while it runs, which is not offered",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 4 }, { reset_queue, 0 }, { request, 2 }) },
	{ "Q0384", "2.6.1", "both queues are reset twice, and set up again",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 4 }, { reset_queue, 0 }, { reset_queue, 1 },
		 { reset_queue, 0 }, { reset_queue, 1 }, { set_rings, RING_SIZE }, { request, 2 }) },
	{ "Q0385", "2.6.1", "a queue is reset that is not set up, and set up",
	  SCRIPT(either, { negotiate, 0 }, { reset_queue, 0 }, { reset_queue, 1 }, { set_rings, RING_SIZE },
		 { write_status, STATUS_RUNNING }) },
	{ "Q0386", "2.6.1", "queues are reset, set up with another size, and started",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 4 }, { reset_queue, 0 }, { reset_queue, 1 },
		 { set_rings, 32 }, { write_status, STATUS_NEGOTIATED }, { write_status, STATUS_RUNNING }) },
	{ .id = NULL },
};
