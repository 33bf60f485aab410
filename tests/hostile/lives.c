// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// What a life of the device must not leave to the next one (VIRTIO 1.4, 2.4, 5.18): writes, lines, interrupts.
#include "clock.h"
#include "console.h"
#include "memory.h"
#include "script.h"

enum {
	LINE = 2, // that of "set 2 1" and "set 2 0"
	REQUESTS = 6,
	ROUNDS = 20,
};

// Whether all bytes of the used structures, and of the buffers, are as they were.
static uint32_t sum_of_rings(const struct device *device)
{
	const struct ring *rings[] = { &device->request, &device->event };
	uint32_t sum = 0;

	for (unsigned i = 0; i < 2; i++) {
		const volatile uint8_t *at = rings[i]->packed ? (const volatile uint8_t *)rings[i]->descriptors
							      : (const volatile uint8_t *)rings[i]->used;
		uint32_t bytes = rings[i]->packed ? RING_SIZE * 16u : 6 + 8u * RING_SIZE;

		for (uint32_t j = 0; j < bytes; j++)
			sum = sum * 31 + at[j];
	}
	return sum;
}

// After the reset nothing is written into the rings any more, whatever happens outside.
static enum outcome over(struct device *device)
{
	uint32_t sum;

	if (!device_reset())
		return WEDGED;
	sum = sum_of_rings(device);
	host_do("set 2 1");
	host_do("set 2 0");
	host_do("rest");
	clock_wait(SILENT_MS);
	return sum == sum_of_rings(device) ? PASS : fail("rings were written after the reset");
}

static enum outcome reset_in_flight(struct device *device)
{
	enum outcome outcome = PASS;

	for (unsigned i = 0; i < ROUNDS && outcome == PASS; i++) {
		start(device, 0);
		request(device, REQUESTS);
		outcome = i + 1 < ROUNDS ? PASS : over(device);
		reset(device, 1);
		if (!memory_intact())
			return FAIL;
		memory_reset();
	}
	return outcome;
}

static enum outcome reset_while_held(struct device *device)
{
	volatile uint8_t *status = gpio_arm(device, LINE, IRQ_BOTH);
	enum outcome outcome = over(device);

	return *status == NOT_WRITTEN ? outcome : fail("a held buffer was written after the reset");
}

// A new life, in which the line is an input with a buffer; its own interrupt is armed later.
static volatile uint8_t *next_life(struct device *device)
{
	reset(device, 1);
	start(device, 0);
	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0))
		fail("a line cannot be an input");
	return gpio_event_add(device, LINE);
}

// The line changes from outside: nothing may come of what was armed in the life before.
static enum outcome armed_before(struct device *device)
{
	volatile uint8_t *status;

	if (gpio_arm(device, LINE, IRQ_BOTH) == NULL)
		return fail("an interrupt cannot be armed");
	status = next_life(device);
	host_do("set 2 1");
	host_do("set 2 0");
	host_do("rest");
	if (ring_returned(&device->event) || *status != NOT_WRITTEN)
		return fail("an interrupt of the life before");
	return device_serves(device) ? PASS : fail("the next life is not served");
}

// There was no buffer for that edge; in the next life there is one.
static enum outcome latched_before(struct device *device)
{
	volatile uint8_t *status;

	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0) ||
	    !gpio_ok(device, SET_IRQ_TYPE, LINE, IRQ_RISING, 0))
		return fail("an interrupt cannot be armed");
	host_do("set 2 1");
	host_do("set 2 0");
	status = next_life(device);
	if (!gpio_ok(device, SET_IRQ_TYPE, LINE, IRQ_RISING, 0))
		return fail("the interrupt cannot be armed again");
	host_do("rest");
	if (ring_returned(&device->event) || *status != NOT_WRITTEN)
		return fail("an edge of the life before");
	return events_go_on(device, PASS);
}

static enum outcome lines_given_back(struct device *device)
{
	for (uint16_t line = 0; line < device->lines; line++) {
		if (!gpio_ok(device, SET_DIRECTION, line, line % 2 ? DIRECTION_IN : DIRECTION_OUT, 0))
			return fail("a line cannot be had");
	}
	reset(device, 1);
	start(device, 0);
	for (uint16_t line = 0; line < device->lines; line++) {
		if (!gpio_ok(device, GET_DIRECTION, line, 0, DIRECTION_NONE))
			return fail("a line has a direction of the life before");
	}
	return PASS;
}

static enum outcome irq_left_out(struct device *device)
{
	struct reply reply;

	if (gpio_arm(device, LINE, IRQ_BOTH) == NULL)
		return fail("an interrupt cannot be armed");
	reset(device, 1);
	start(device, feature(F_GPIO_IRQ));
	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0) ||
	    !gpio_ask(device, SET_IRQ_TYPE, LINE, IRQ_RISING, &reply))
		return fail("no answer");
	return reply.status == STATUS_ERR ? PASS : fail("an interrupt without its feature");
}

// DRIVER_OK is taken back and set again: that is no reset. QEMU does the same to a back-end when its machine is paused.
static enum outcome paused_while_held(struct device *device)
{
	events_arm(device);
	for (unsigned i = 0; i < ROUNDS; i++) {
		bus->set_status(STATUS_NEGOTIATED);
		bus->set_status(STATUS_RUNNING);
	}
	return requests_go_on(device, events_go_on(device, PASS));
}

const struct hostile_case life_cases[] = {
	{ "Q0338", "2.1", "DRIVER_OK taken back twenty times: an interrupt stays armed", .run = paused_while_held,
	  .flags = BOTH },
	{ "Q0387", "2.4", "nothing is written after a reset in the midst of requests", .run = reset_in_flight,
	  .flags = BOTH | RAW },
	{ "Q0388", "2.4", "nothing is written after a reset with an event buffer held", .run = reset_while_held,
	  .flags = BOTH, .more = 1 << F_GPIO_IRQ },
	{ "Q0389", "2.4", "an interrupt that was armed before a reset does not come after it", .run = armed_before,
	  .flags = BOTH, .more = 1 << F_GPIO_IRQ },
	{ "Q0390", "2.4", "an edge that was latched before a reset does not come after it", .run = latched_before,
	  .flags = BOTH, .more = 1 << F_GPIO_IRQ },
	{ "Q0391", "2.4", "lines have no direction after a reset", .run = lines_given_back, .flags = BOTH },
	{ "Q0392", "2.2", "a next life without interrupts has none", .run = irq_left_out, .flags = BOTH,
	  .more = 1 << F_GPIO_IRQ },
	{ .id = NULL },
};
