// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// What is in the rings when the worker of the device dies or gives way to a new program, or when the VMM stops the device for a
// while: who comes next finds it.
#include "case.h"
#include "console.h"
#include "memory.h"

#include <stddef.h>

enum { LINE = 3, WRITTEN_MAX = 2 };

// What happens to the device is device->with: "kill", "upgrade" or "pause", for the host.
static void changes(const struct device *device)
{
	host_do(device->with);
}

static void expose(struct ring *ring, uint64_t address, uint32_t length, uint16_t flags)
{
	struct piece piece = { address, length, flags };

	ring_write(ring, &piece, 1);
	ring_expose(ring);
}

// Good requests that nobody was told of.
static enum outcome requests_wait(struct device *device)
{
	struct gpio_request *request = gpio_request_new(GET_DIRECTION, LINE, 0);
	volatile uint8_t *response = memory_new(2);
	struct piece pieces[] = { { address_of(request), sizeof(*request), 0 },
				  { address_of(response), 2, DESC_WRITE } };
	struct taken taken;

	for (unsigned i = 0; i < RING_SIZE / 2; i++) {
		ring_write(&device->request, pieces, 2);
		ring_expose(&device->request);
	}
	changes(device);
	ring_kick(&device->request);
	for (unsigned i = 0; i < RING_SIZE / 2; i++) {
		if (!ring_take(&device->request, &taken, ANSWER_MS) || taken.length != 2 || *response != STATUS_OK)
			return fail("not all were answered");
	}
	return ring_returned(&device->request) ? fail("one was answered twice") : PASS;
}

// Chains of which none is a request, before a good one.
static enum outcome malformed_wait(struct device *device)
{
	struct taken taken;

	expose(&device->request, RAM_END, 8, 0);
	expose(&device->request, UINT64_MAX, UINT32_MAX, DESC_WRITE);
	expose(&device->request, HOLE_START, 4096, DESC_INDIRECT);
	changes(device);
	ring_kick(&device->request);
	for (unsigned i = 0; i < 3; i++) {
		if (!ring_take(&device->request, &taken, ANSWER_MS) || taken.length)
			return fail("a malformed chain was not given back");
	}
	return requests_go_on(device, PASS);
}

// An interrupt that is armed, beside buffers that are none.
static enum outcome interrupt_waits(struct device *device)
{
	struct taken taken;

	expose(&device->event, RAM_END, 2, 0);
	ring_kick(&device->event);
	if (!ring_take(&device->event, &taken, ANSWER_MS))
		return fail("a malformed buffer was not given back");
	events_arm(device);
	changes(device);
	return events_go_on(device, PASS);
}

// The state that the ring is in is one that it cannot be in.
static void break_ring(struct ring *ring)
{
	if (ring->packed) {
		// A list without an end: as long as the ring, and on.
		for (uint16_t i = 0; i < ring->size; i++)
			ring_poke(ring, i, &(struct piece){ RAM_END, 8, (uint16_t)(ring_available(ring) | DESC_NEXT) },
				  0);
	} else {
		ring->available->index = (uint16_t)(ring->next + ring->size + 1);
	}
	ring_kick(ring);
}

static enum outcome broken_ring(struct device *device)
{
	events_arm(device);
	break_ring(&device->request);
	changes(device);
	ring_kick(&device->request);
	return events_go_on(device, chain_outcome(&device->request, WRITTEN_MAX));
}

static enum outcome broken_event_ring(struct device *device)
{
	break_ring(&device->event);
	changes(device);
	ring_kick(&device->event);
	return requests_go_on(device, chain_outcome(&device->event, WRITTEN_MAX));
}

// The guest writes into what the device has of it, and then the device has to begin from that.
static void overwrite_used(struct device *device)
{
	events_arm(device);
	if (device->request.packed)
		*(volatile uint32_t *)device->request.device_events = UINT32_MAX;
	else
		memory_fill((void *)device->request.used, 0xff, 4 + 8 * RING_SIZE);
	changes(device);
	ring_kick(&device->request);
}

static enum outcome used_overwritten(struct device *device)
{
	overwrite_used(device);
	return events_go_on(device, PASS);
}

// A ring that goes on after a pause is known by what is in it: one that was overwritten is a new driver's, whose interrupts are
// those that it asks for.
static enum outcome used_unknown(struct device *device)
{
	overwrite_used(device);
	return REJECT;
}

// Again and again, with a ring that is broken and an interrupt that is armed.
static enum outcome many_times(struct device *device)
{
	events_arm(device);
	break_ring(&device->request);
	for (unsigned i = 0; i < 5; i++) {
		changes(device);
		ring_kick(&device->request);
	}
	return events_go_on(device, PASS);
}

#define KILL	.flags = BOTH, .with = "kill"
#define PAUSE	.flags = BOTH, .with = "pause"
#define UPGRADE .flags = BOTH, .with = "upgrade"

const struct hostile_case crash_cases[] = {
	{ "Q0600", "2.7.13", "requests without a notification, and the worker is killed", requests_wait, KILL },
	{ "Q0601", "2.7.5", "malformed chains, and the worker is killed", malformed_wait, KILL },
	{ "Q0602", "5.18.7", "an armed interrupt, and the worker is killed", interrupt_waits, KILL,
	  .more = 1 << F_GPIO_IRQ },
	{ "Q0603", "2.7.13", "the request ring is broken, and the worker is killed", broken_ring, KILL },
	{ "Q0604", "2.7.13", "the event ring is broken, and the worker is killed", broken_event_ring, KILL },
	{ "Q0605", "2.7.8", "the device's own part is overwritten, and the worker is killed", used_overwritten, KILL },
	{ "Q0606", "2.7.13", "the request ring is broken, and the worker is killed 5 times", many_times, KILL },
	{ "Q0610", "2.7.13", "requests without a notification, and an upgrade", requests_wait, UPGRADE },
	{ "Q0611", "2.7.5", "malformed chains, and an upgrade", malformed_wait, UPGRADE },
	{ "Q0612", "5.18.7", "an armed interrupt, and an upgrade", interrupt_waits, UPGRADE, .more = 1 << F_GPIO_IRQ },
	{ "Q0613", "2.7.13", "the request ring is broken, and an upgrade", broken_ring, UPGRADE },
	{ "Q0614", "2.7.13", "the event ring is broken, and an upgrade", broken_event_ring, UPGRADE },
	{ "Q0615", "2.7.8", "the device's own part is overwritten, and an upgrade", used_overwritten, UPGRADE },
	{ "Q0616", "2.7.13", "the request ring is broken, and 5 upgrades", many_times, UPGRADE },
	{ "Q0620", "2.7.13", "requests without a notification, and a pause", requests_wait, PAUSE },
	{ "Q0621", "2.7.5", "malformed chains, and a pause", malformed_wait, PAUSE },
	{ "Q0622", "5.18.7", "an armed interrupt, and a pause", interrupt_waits, PAUSE, .more = 1 << F_GPIO_IRQ },
	{ "Q0623", "2.7.13", "the request ring is broken, and a pause", broken_ring, PAUSE },
	{ "Q0624", "2.7.13", "the event ring is broken, and a pause", broken_event_ring, PAUSE },
	{ "Q0625", "2.7.8", "the device's own part is overwritten, and a pause", used_unknown, PAUSE },
	{ "Q0626", "2.7.13", "the request ring is broken, and 5 pauses", many_times, PAUSE },
	{ .id = NULL },
};
