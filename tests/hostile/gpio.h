// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// The GPIO device (VIRTIO 1.4, 5.18) as a driver sees it.
#pragma once

#include "ring.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	GET_LINE_NAMES = 1,
	GET_DIRECTION = 2,
	SET_DIRECTION = 3,
	GET_VALUE = 4,
	SET_VALUE = 5,
	SET_IRQ_TYPE = 6,

	STATUS_OK = 0,
	STATUS_ERR = 1,
	IRQ_STATUS_INVALID = 0,
	IRQ_STATUS_VALID = 1,
	NOT_WRITTEN = 0xa5,

	DIRECTION_NONE = 0,
	DIRECTION_OUT = 1,
	DIRECTION_IN = 2,

	IRQ_NONE = 0,
	IRQ_RISING = 1,
	IRQ_FALLING = 2,
	IRQ_BOTH = 3,
	IRQ_HIGH = 4,
	IRQ_LOW = 8,

	QUEUE_REQUEST = 0,
	QUEUE_EVENT = 1,
};

// Feature bits.
enum {
	F_GPIO_IRQ = 0,
	F_INDIRECT = 28,
	F_EVENT_IDX = 29,
	F_VERSION_1 = 32,
	F_RING_PACKED = 34,
};

static inline uint64_t feature(unsigned bit)
{
	return 1ull << bit;
}

struct gpio_request {
	uint16_t type, line;
	uint32_t value;
};

struct device {
	uint64_t wanted, offered, accepted; // wanted: by the case, in the format that it runs with
	uint16_t lines;
	uint32_t names_bytes;
	struct ring request, event;
	const void *with; // of the case
};

struct reply {
	uint32_t length; // in the used ring
	uint8_t status, value;
};

// The features that are offered.
uint64_t device_offers(void);
// To status 0; false if the device does not get there.
bool device_reset(void);
// From there to FEATURES_OK, with those of the wanted features that are offered; false if it is refused.
bool device_accept(struct device *device, uint64_t wanted);
// One ring or both, of that size; then DRIVER_OK.
void device_request_ring(struct device *device, uint16_t size);
void device_rings(struct device *device, uint16_t size);
void device_run(struct device *device);
// All of that, from a reset on.
bool device_begin(struct device *device, uint64_t wanted, uint16_t size);

// One request, as the specification wants it; false if there is no answer in time.
bool gpio_ask(struct device *device, uint16_t type, uint16_t line, uint32_t value, struct reply *reply);
// Whether the answer is OK, with that value.
bool gpio_ok(struct device *device, uint16_t type, uint16_t line, uint32_t value, uint8_t wanted);
// A request's buffer that the device may only read.
struct gpio_request *gpio_request_new(uint16_t type, uint16_t line, uint32_t value);
// A buffer for the next interrupt of a line; its status, NOT_WRITTEN until it comes back.
volatile uint8_t *gpio_event_add(struct device *device, uint16_t line);
// The same, with memory that the caller has.
void gpio_event_give(struct device *device, const uint16_t *request, volatile uint8_t *status);
// A line that is an input, with that interrupt and an event buffer; NULL if that fails.
volatile uint8_t *gpio_arm(struct device *device, uint16_t line, uint32_t irq_type);

// A driver's whole use of the device: a line is driven and read, an interrupt is armed and taken back.
bool device_serves(struct device *device);
