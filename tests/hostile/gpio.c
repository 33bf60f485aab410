// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "gpio.h"

#include "clock.h"
#include "memory.h"

#include <stddef.h>

bool device_reset(void)
{
	unsigned start = clock_ms();

	bus->set_status(0);
	while (bus->status() != 0) {
		if (clock_ms() - start >= ANSWER_MS)
			return false;
	}
	bus->interrupts();
	return true;
}

uint64_t device_offers(void)
{
	return bus->features(0) | (uint64_t)bus->features(1) << 32;
}

bool device_accept(struct device *device, uint64_t wanted)
{
	bus->set_status(STATUS_ACKNOWLEDGE);
	bus->set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	device->offered = device_offers();
	device->accepted = device->offered & wanted;
	bus->accept(0, (uint32_t)device->accepted);
	bus->accept(1, (uint32_t)(device->accepted >> 32));
	bus->set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	device->lines = (uint16_t)(bus->config_read(0) | bus->config_read(1) << 8);
	device->names_bytes = 0;
	for (unsigned i = 0; i < 4; i++)
		device->names_bytes |= (uint32_t)bus->config_read(4 + i) << 8 * i;
	return bus->status() & STATUS_FEATURES_OK;
}

static void ring_attach(struct device *device, struct ring *ring, unsigned index, uint16_t size)
{
	struct queue_place place;

	ring_make(ring, index, size, device->accepted & feature(F_RING_PACKED));
	place = ring_place(ring);
	bus->queue_place(index, &place);
	bus->queue_enable(index, 1);
}

void device_request_ring(struct device *device, uint16_t size)
{
	ring_attach(device, &device->request, QUEUE_REQUEST, size);
}

void device_rings(struct device *device, uint16_t size)
{
	device_request_ring(device, size);
	ring_attach(device, &device->event, QUEUE_EVENT, size);
}

void device_run(struct device *device)
{
	(void)device;
	bus->set_status(STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

bool device_begin(struct device *device, uint64_t wanted, uint16_t size)
{
	if (!device_reset() || !device_accept(device, wanted))
		return false;
	device_rings(device, size);
	device_run(device);
	return true;
}

struct gpio_request *gpio_request_new(uint16_t type, uint16_t line, uint32_t value)
{
	struct gpio_request *request = memory_new_readable(sizeof(*request));

	*request = (struct gpio_request){ type, line, value };
	return request;
}

bool gpio_ask(struct device *device, uint16_t type, uint16_t line, uint32_t value, struct reply *reply)
{
	uint32_t bytes = type == GET_LINE_NAMES ? 1 + device->names_bytes : 2;
	volatile uint8_t *response = memory_new(bytes);
	struct piece pieces[] = { { address_of(gpio_request_new(type, line, value)), sizeof(struct gpio_request), 0 },
				  { address_of(response), bytes, DESC_WRITE } };
	uint16_t id = ring_send(&device->request, pieces, 2);
	struct taken taken;

	if (!ring_take(&device->request, &taken, ANSWER_MS) || taken.id != id)
		return false;
	*reply = (struct reply){ taken.length, response[0], response[1] };
	return true;
}

bool gpio_ok(struct device *device, uint16_t type, uint16_t line, uint32_t value, uint8_t wanted)
{
	struct reply reply;

	return gpio_ask(device, type, line, value, &reply) && reply.length == 2 && reply.status == STATUS_OK &&
	       reply.value == wanted;
}

void gpio_event_give(struct device *device, const uint16_t *request, volatile uint8_t *status)
{
	struct piece pieces[] = { { address_of(request), sizeof(*request), 0 }, { address_of(status), 1, DESC_WRITE } };

	ring_send(&device->event, pieces, 2);
}

volatile uint8_t *gpio_event_add(struct device *device, uint16_t line)
{
	uint16_t *request = memory_new_readable(sizeof(*request));
	volatile uint8_t *status = memory_new(1);

	*request = line;
	gpio_event_give(device, request, status);
	return status;
}

volatile uint8_t *gpio_arm(struct device *device, uint16_t line, uint32_t irq_type)
{
	if (!gpio_ok(device, SET_DIRECTION, line, DIRECTION_IN, 0) || !gpio_ok(device, SET_IRQ_TYPE, line, irq_type, 0))
		return NULL;
	return gpio_event_add(device, line);
}

static bool serves_events(struct device *device)
{
	volatile uint8_t *status = gpio_arm(device, 1, IRQ_BOTH);
	struct taken taken;

	return status != NULL && gpio_ok(device, SET_IRQ_TYPE, 1, IRQ_NONE, 0) &&
	       ring_take(&device->event, &taken, ANSWER_MS) && taken.length == 1 && *status == IRQ_STATUS_INVALID &&
	       gpio_ok(device, SET_DIRECTION, 1, DIRECTION_NONE, 0);
}

bool device_serves(struct device *device)
{
	return gpio_ok(device, SET_VALUE, 0, 1, 0) && gpio_ok(device, SET_DIRECTION, 0, DIRECTION_OUT, 0) &&
	       gpio_ok(device, GET_VALUE, 0, 0, 1) && gpio_ok(device, GET_DIRECTION, 0, 0, DIRECTION_OUT) &&
	       gpio_ok(device, SET_DIRECTION, 0, DIRECTION_NONE, 0) &&
	       (!(device->accepted & feature(F_GPIO_IRQ)) || serves_events(device));
}
