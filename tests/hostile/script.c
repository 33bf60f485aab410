// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "script.h"

#include "clock.h"
#include "memory.h"

#include <stddef.h>

enum { LINE = 5 };

void write_status(struct device *device, uint64_t status)
{
	(void)device;
	bus->set_status((uint8_t)status);
}

void write_features(struct device *device, uint64_t features)
{
	device->accepted = device_offers() & features;
	bus->accept(0, (uint32_t)features);
	bus->accept(1, (uint32_t)(features >> 32));
}

void take_features(struct device *device, uint64_t others)
{
	write_features(device, device_offers() & (device->wanted ^ others));
}

void make_ring(struct device *device, uint64_t queue)
{
	ring_make(queue ? &device->event : &device->request, (unsigned)queue, RING_SIZE,
		  device->accepted & feature(F_RING_PACKED));
}

void place_ring(struct device *device, uint64_t queue)
{
	struct queue_place place = ring_place(queue ? &device->event : &device->request);

	bus->queue_place((unsigned)queue, &place);
}

void set_ring(struct device *device, uint64_t queue)
{
	make_ring(device, queue);
	place_ring(device, queue);
	enable(device, queue);
}

void set_rings(struct device *device, uint64_t size)
{
	device_rings(device, (uint16_t)size);
}

void negotiate(struct device *device, uint64_t others)
{
	device_accept(device, device->wanted ^ others);
}

void set_up(struct device *device, uint64_t others)
{
	negotiate(device, others);
	set_rings(device, RING_SIZE);
}

void start(struct device *device, uint64_t others)
{
	set_up(device, others);
	device_run(device);
}

void enable(struct device *device, uint64_t queue)
{
	(void)device;
	bus->queue_enable((unsigned)queue, 1);
}

void disable(struct device *device, uint64_t queue)
{
	(void)device;
	bus->queue_enable((unsigned)queue, 0);
}

void reset_queue(struct device *device, uint64_t queue)
{
	(void)device;
	bus->queue_reset((unsigned)queue);
}

void reset(struct device *device, uint64_t times)
{
	(void)device;
	while (times--)
		bus->set_status(0);
}

void request_add(struct device *device)
{
	struct piece pieces[] = { { address_of(gpio_request_new(GET_DIRECTION, LINE, 0)), sizeof(struct gpio_request),
				    0 },
				  { address_of(memory_new(2)), 2, DESC_WRITE } };

	ring_write(&device->request, pieces, 2);
	ring_expose(&device->request);
}

void request(struct device *device, uint64_t count)
{
	while (count--)
		request_add(device);
	ring_kick(&device->request);
}

void live(struct device *device, uint64_t times)
{
	while (times--) {
		start(device, 0);
		arm(device, 1);
		request(device, 4);
		reset(device, 1);
		memory_intact();
		memory_reset();
	}
}

void ask(struct device *device, uint64_t times)
{
	while (times--) {
		request(device, 1);
		if (!requests_answered(device, ANSWER_MS)) {
			fail("a request is not answered");
			return;
		}
	}
}

void arm(struct device *device, uint64_t line)
{
	if (device->accepted & feature(F_GPIO_IRQ) && gpio_arm(device, (uint16_t)line, IRQ_BOTH) == NULL)
		fail("an interrupt cannot be armed");
}

void notify(struct device *device, uint64_t queue)
{
	(void)device;
	bus->notify((uint32_t)queue);
}

void wait(struct device *device, uint64_t ms)
{
	(void)device;
	clock_wait((unsigned)ms);
}

void stay_silent(struct device *device, uint64_t ms)
{
	unsigned start_ms = clock_ms();

	while (clock_ms() - start_ms < ms) {
		if ((device->request.size && ring_returned(&device->request)) ||
		    (device->event.size && ring_returned(&device->event))) {
			fail("a buffer was used");
			return;
		}
	}
}

static void steps_take(struct device *device)
{
	for (const struct step *step = device->with; step->take != NULL; step++)
		step->take(device, step->with);
}

bool requests_answered(struct device *device, unsigned ms)
{
	struct taken taken;

	for (unsigned i = 0; i < device->request.size; i++) {
		if (device->request.pieces[i] && !ring_take(&device->request, &taken, ms))
			return false;
	}
	return true;
}

enum outcome serves(struct device *device)
{
	steps_take(device);
	if (!requests_answered(device, ANSWER_MS))
		return fail("a request is not answered");
	return device_serves(device) ? PASS : fail("the driver is not served");
}

enum outcome silent(struct device *device)
{
	steps_take(device);
	if (device->request.size)
		request(device, 1);
	stay_silent(device, SILENT_MS);
	return REJECT;
}

enum outcome either(struct device *device)
{
	steps_take(device);
	if (device->request.size)
		request(device, 1);
	return device->request.size && requests_answered(device, SILENT_MS) ? PASS : REJECT;
}
