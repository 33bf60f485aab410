// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Memory that goes away, and comes back, while the device has it: a PC's chipset (q35: its host bridge's registers PAM1 to PAM6)
// shows memory between 768 KiB and 1 MiB, or not. The VMM tells the device each time.
#include "case.h"
#include "console.h"
#include "machine.h"
#include "memory.h"
#include "probe.h"

#include <stddef.h>

enum {
	PLACE = 0xc8000, // 16 KiB there are half of PAM2's
	CONFIG_ADDRESS = 0xcf8,
	CONFIG_DATA = 0xcfc,
	PAM_0_TO_3 = 0x90,
	PAM2_SHIFT = 16,
	PAM_SHOWN = 3, // to be read and written
	TOGGLES = 12,
};

static void show(bool shown)
{
	uint32_t pam;

	port_write32(CONFIG_ADDRESS, 1u << 31 | PAM_0_TO_3);
	pam = port_read32(CONFIG_DATA) & ~(15u << PAM2_SHIFT);
	port_write32(CONFIG_DATA, pam | (shown ? (uint32_t)PAM_SHOWN << PAM2_SHIFT : 0));
}

// A request whose two buffers are there; whether it comes back with so many bytes.
static bool ask(struct device *device, uint64_t request, uint64_t response, uint32_t length)
{
	struct piece pieces[] = { { request, sizeof(struct gpio_request), 0 }, { response, 2, DESC_WRITE } };
	struct taken taken;

	ring_send(&device->request, pieces, 2);
	return ring_take(&device->request, &taken, ANSWER_MS) && taken.length == length;
}

// Buffers in memory that is there, is not, and is again; an interrupt that was armed before is there after it all.
static enum outcome buffers(struct device *device)
{
	struct piece there[2];
	volatile uint8_t *response = probe_make(there);
	enum outcome outcome = PASS;

	events_arm(device);
	show(true);
	*(volatile struct gpio_request *)PLACE = (struct gpio_request){ GET_DIRECTION, PROBE_LINE, 0 };
	if (!ask(device, PLACE, PLACE + 8, 2))
		outcome = fail("not in memory that is there");
	show(false);
	if (!ask(device, PLACE, there[1].address, 2) || response[0] != STATUS_ERR)
		outcome = fail("a request from where no memory is");
	if (!ask(device, there[0].address, PLACE, 0))
		outcome = fail("a response to where no memory is");
	show(true);
	if (!ask(device, PLACE, PLACE + 8, 2) || !probe_ok(device))
		outcome = fail("not in memory that is there again");
	return events_go_on(device, outcome);
}

// A status for an interrupt that comes when its memory is not there.
static enum outcome status(struct device *device)
{
	struct taken taken;
	enum outcome outcome = PASS;

	show(true);
	if (gpio_arm(device, 1, IRQ_BOTH) == NULL)
		return fail("an interrupt cannot be armed");
	if (!gpio_ok(device, SET_DIRECTION, 2, DIRECTION_IN, 0) || !gpio_ok(device, SET_IRQ_TYPE, 2, IRQ_BOTH, 0))
		return fail("an interrupt cannot be armed");
	*(volatile uint16_t *)PLACE = 2;
	gpio_event_give(device, (const uint16_t *)PLACE, (volatile uint8_t *)PLACE + 2);
	host_do("rest");
	show(false);
	host_do("set 2 1");
	host_do("set 2 0");
	if (!ring_take(&device->event, &taken, ANSWER_MS) || taken.length != 0)
		outcome = fail("the buffer did not come back empty");
	show(true);
	host_do("set 1 1");
	host_do("set 1 0");
	if (!ring_take(&device->event, &taken, ANSWER_MS) || taken.length != 1)
		outcome = fail("no interrupt comes any more");
	return outcome;
}

// It comes and goes with requests under way: none is lost.
static enum outcome toggles(struct device *device)
{
	struct ring *ring = &device->request;
	struct piece pieces[2];
	struct taken taken;

	probe_make(pieces);
	events_arm(device);
	for (unsigned i = 0; i < TOGGLES; i++) {
		for (unsigned n = 0; n < RING_SIZE / 2; n++)
			ring_send(ring, pieces, 2);
		show(i % 2);
		for (unsigned n = 0; n < RING_SIZE / 2; n++) {
			if (!ring_take(ring, &taken, ANSWER_MS) || taken.length != 2)
				return fail("a request was not answered");
		}
	}
	return events_go_on(device, PASS);
}

// The ring itself is in memory that goes away: it is silent. When it is back, what was asked for meanwhile may be done.
static enum outcome ring_goes(struct device *device)
{
	struct ring *ring = &device->request;
	enum outcome outcome;
	struct taken taken;

	show(true);
	memory_fill((void *)(uintptr_t)PLACE, 0, PAGE_BYTES);
	if (!device_reset() || !device_accept(device, device->wanted))
		return fail("no features");
	device_rings(device, RING_SIZE);
	if (ring->packed)
		ring->descriptors = (volatile struct packed_descriptor *)PLACE;
	else
		ring->table = (volatile struct split_descriptor *)PLACE;
	bus->queue_place(QUEUE_REQUEST,
			 &(struct queue_place){ PLACE, ring_place(ring).driver, ring_place(ring).device, RING_SIZE });
	bus->queue_enable(QUEUE_REQUEST, 1);
	device_run(device);
	if (!probe_ok(device))
		return fail("not in memory that is there");
	events_arm(device);
	show(false);
	ring_kick(ring);
	if (ring_take(ring, &taken, SILENT_MS))
		return fail("an answer from nowhere");
	outcome = events_go_on(device, PASS);
	show(true);
	return outcome != PASS || probe_ok(device) ? outcome : fail("no answer");
}

const struct hostile_case hole_cases[] = {
	{ "Q0262", "2.7.5", "buffers in memory that comes and goes", .run = buffers, .flags = BOTH, .bus = "pci" },
	{ "Q0263", "5.18.7", "a status in memory that went away", .run = status, .flags = BOTH,
	  .more = 1ull << F_GPIO_IRQ, .bus = "pci" },
	{ "Q0264", "2.7", "memory comes and goes 12 times, with requests under way", .run = toggles, .flags = BOTH,
	  .bus = "pci" },
	{ "Q0265", "2.7", "the ring's memory goes away, and comes back", .run = ring_goes, .flags = BOTH,
	  .bus = "pci" },
	{ .id = NULL },
};
