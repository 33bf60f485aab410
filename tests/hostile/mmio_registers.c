// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// The registers of MMIO (VIRTIO 1.4, 4.2), as no driver uses them.
#include "console.h"
#include "mmio.h"
#include "registers.h"
#include "script.h"

enum {
	// Of the legacy interface (4.2.4).
	LEGACY_PAGE_SIZE = 0x028,
	LEGACY_QUEUE_ALIGN = 0x03c,
	LEGACY_QUEUE_PFN = 0x040,
	NO_SHARED_MEMORY = 0xffffffff,
	ANYTHING = 0x5a5a5a5a,
};

static void write_register(unsigned at, uint32_t value)
{
	write32(mmio_registers + at, value);
}

static uint32_t read_register(unsigned at)
{
	return read32(mmio_registers + at);
}

// All that there is, at each width, also across registers.
static void read_all(struct device *device, uint64_t unused)
{
	(void)device;
	(void)unused;
	for (unsigned width = 1; width <= 4; width *= 2) {
		for (unsigned at = 0; at + width <= MMIO_BYTES; at++)
			read_any(mmio_registers + at, width);
	}
}

// At a width that only the configuration space may be accessed with (4.2.2.2): whatever it does is gone after a reset.
static void write_narrow(struct device *device, uint64_t value)
{
	(void)device;
	for (unsigned width = 1; width <= 2; width *= 2) {
		for (unsigned at = 0; at < MMIO_CONFIG; at += width)
			write_any(mmio_registers + at, width, (uint32_t)value);
	}
}

static void write_all(struct device *device, uint64_t value)
{
	(void)device;
	for (unsigned at = 0; at < MMIO_CONFIG; at += 4)
		write_register(at, (uint32_t)value);
}

// Those that there are not, between those that there are.
static void write_undefined(struct device *device, uint64_t value)
{
	static const uint16_t undefined[] = { 0x018, 0x01c, 0x02c, 0x048, 0x04c, 0x054, 0x05c, 0x068, 0x06c,
					      0x074, 0x07c, 0x088, 0x08c, 0x098, 0x0a8, 0x0c4, 0x0f8 };

	(void)device;
	for (unsigned i = 0; i < sizeof(undefined) / sizeof(undefined[0]); i++)
		write_register(undefined[i], (uint32_t)value);
}

static void write_legacy(struct device *device, uint64_t unused)
{
	(void)unused;
	write_register(LEGACY_PAGE_SIZE, 4096);
	write_register(LEGACY_QUEUE_ALIGN, 3);
	write_register(LEGACY_QUEUE_PFN, (uint32_t)(ring_place(&device->event).descriptors >> 12));
	write_register(LEGACY_PAGE_SIZE, 0);
	write_register(LEGACY_QUEUE_PFN, 0);
}

static enum outcome read_only(struct device *device)
{
	static const uint16_t registers[] = { MMIO_MAGIC,      MMIO_VERSION,	     MMIO_DEVICE_ID,
					      MMIO_VENDOR_ID,  MMIO_DEVICE_FEATURES, MMIO_QUEUE_SIZE_MAX,
					      MMIO_GENERATION, MMIO_SHM_LEN,	     MMIO_SHM_BASE };

	for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		uint32_t before = read_register(registers[i]);

		write_register(registers[i], ~before);
		if (read_register(registers[i]) != before)
			return fail("a register was written that is only to be read");
	}
	return requests_go_on(device, PASS);
}

// A region of shared memory that there is not has the length -1 (4.2.2).
static enum outcome shared_memory(struct device *device)
{
	static const uint32_t regions[] = { 0, 1, 255, 256, 0xffffffff };

	for (unsigned i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		write_register(MMIO_SHM_SEL, regions[i]);
		write_register(MMIO_SHM_LEN, ANYTHING);
		for (unsigned at = 0; at < 8; at += 4) {
			read_register(MMIO_SHM_BASE + at); // 0 in QEMU
			if (read_register(MMIO_SHM_LEN + at) != NO_SHARED_MEMORY)
				return fail("shared memory that there is not");
		}
	}
	return requests_go_on(device, PASS);
}

static enum outcome selectors(struct device *device)
{
	static const uint32_t queues[] = { 2, 64, 1023, 1024, 0xffff, 0xffffffff };

	for (unsigned i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		write_register(MMIO_QUEUE_SEL, 2);
		write_register(MMIO_QUEUE_SEL, queues[i]);
		if (read_register(MMIO_QUEUE_SIZE_MAX) != 0)
			return fail("a queue that there is not has a size");
		write_register(MMIO_QUEUE_SIZE, RING_SIZE);
		write64(mmio_registers + MMIO_QUEUE_DESC, ring_place(&device->request).descriptors);
		bus->accept(queues[i], ANYTHING);
		bus->features(queues[i]); // QEMU shows word 1 again
	}
	return requests_go_on(device, PASS);
}

// Status and readiness can be read (4.2.2), and go with a reset; what tells what it is stays.
static enum outcome read_back(struct device *device)
{
	uint32_t magic = read_register(MMIO_MAGIC), version = read_register(MMIO_VERSION);

	if (!(device->accepted & feature(F_VERSION_1)))
		return fail("VERSION_1 is not offered");
	if (bus->status() != STATUS_RUNNING || bus->queue_enabled(QUEUE_REQUEST) != 1 ||
	    bus->queue_enabled(QUEUE_EVENT) != 1)
		return fail("status or readiness read otherwise");
	reset(device, 1);
	if (bus->queue_enabled(QUEUE_REQUEST) || bus->queue_enabled(QUEUE_EVENT))
		return fail("a queue is ready after a reset");
	if (read_register(MMIO_MAGIC) != magic || read_register(MMIO_VERSION) != version ||
	    read_register(MMIO_DEVICE_ID) != DEVICE_GPIO)
		return fail("it is another device after a reset");
	return PASS;
}

// Acknowledged in part, not at all, and what was not there (4.2.2): requests are answered all the same.
static enum outcome acknowledge(struct device *device)
{
	static const uint32_t bits[] = { 0, INTERRUPT_CONFIG, 0xfffffffe, INTERRUPT_USED };

	for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		request(device, 1);
		if (!requests_answered(device, ANSWER_MS))
			return fail("a request is not answered");
		host_do("rest");
		if (!(read_register(MMIO_INTERRUPT_STATUS) & INTERRUPT_USED))
			return fail("no interrupt");
		write_register(MMIO_INTERRUPT_ACK, bits[i]);
	}
	return read_register(MMIO_INTERRUPT_STATUS) == 0 ? PASS : fail("an interrupt that was acknowledged");
}

#define ONLY_MMIO .bus = "mmio"

const struct hostile_case mmio_cases[] = {
	{ "Q0500", "4.2.2", "every register is read, at each width and across two",
	  SCRIPT(serves, { start, 0 }, { request, 2 }, { read_all, 0 }), ONLY_MMIO },
	{ "Q0501", "4.2.2.2", "every register of a device that runs is written at the wrong width",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 2 }, { write_narrow, 0 }, { write_narrow, ANYTHING }),
	  ONLY_MMIO },
	{ "Q0502", "4.2.2", "every register of a device that runs is written with ones",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 2 }, { write_all, 0xffffffff }), ONLY_MMIO },
	{ "Q0503", "4.2.2", "every register of a device that runs is written with zeroes",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 2 }, { write_all, 0 }), ONLY_MMIO },
	{ "Q0504", "4.2.2", "every register is written with anything before the start",
	  SCRIPT(either, { negotiate, 0 }, { write_all, ANYTHING }, { reset, 1 }, { start, 0 }), ONLY_MMIO },
	{ "Q0505", "4.2.2", "registers are written that there are not",
	  SCRIPT(serves, { start, 0 }, { request, 2 }, { write_undefined, 0 }, { write_undefined, 0xffffffff }),
	  ONLY_MMIO },
	{ "Q0506", "4.2.4", "the legacy interface's registers of a device that runs",
	  SCRIPT(either, { start, 0 }, { arm, 2 }, { request, 2 }, { write_legacy, 0 }), ONLY_MMIO },
	{ "Q0507", "4.2.2", "registers are written that are only to be read", .run = read_only, .flags = BOTH,
	  ONLY_MMIO },
	{ "Q0508", "4.2.2", "shared memory is asked for", .run = shared_memory, .flags = BOTH, ONLY_MMIO },
	{ "Q0509", "4.2.2", "queues and features are selected that there are not", .run = selectors, .flags = BOTH,
	  ONLY_MMIO },
	{ "Q0510", "4.2.2", "interrupts are acknowledged in part, or not", .run = acknowledge, .flags = BOTH,
	  ONLY_MMIO },
	{ "Q0511", "4.2.2", "what was written reads back, and goes with a reset", .run = read_back, .flags = BOTH,
	  ONLY_MMIO },
	{ .id = NULL },
};
