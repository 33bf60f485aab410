/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The driver of the VirtIO GPIO device: requests on ring 0, event buffers on ring 1. */
#pragma once

#include "vmm.h"

/* What a request brought back. The response is filled with GPIO_UNTOUCHED before. */
#define GPIO_UNTOUCHED 0xaa

struct gpio_answer {
	uint8_t status;
	uint8_t value;
	uint32_t used_len;
};

struct gpio_event {
	uint16_t head;
	uint8_t status;
	uint32_t used_len;
};

/* Adds a request to ring 0 and publishes it, without a kick. Returns its head. */
uint16_t gpio_send(struct vmm *vmm, uint16_t type, uint16_t line, uint32_t value);
/* The answer in the slot of a head that was reaped. */
struct gpio_answer gpio_answer_of(const struct vmm *vmm, struct ring_used used);

/* One request, start to end. */
struct gpio_answer gpio_request(struct vmm *vmm, uint16_t type, uint16_t line, uint32_t value);
/* The status; the used length of 2 is checked. */
uint8_t gpio_set_direction(struct vmm *vmm, uint16_t line, uint32_t direction);
uint8_t gpio_set_value(struct vmm *vmm, uint16_t line, uint32_t value);
uint8_t gpio_set_irq_type(struct vmm *vmm, uint16_t line, uint32_t type);
/* The value, or -1 for status ERR. */
int gpio_get_direction(struct vmm *vmm, uint16_t line);
int gpio_get_value(struct vmm *vmm, uint16_t line);
/* GET_LINE_NAMES with room for size bytes of names. names gets status and names; returns the used length. */
uint32_t gpio_get_names(struct vmm *vmm, uint16_t line, uint32_t size, uint8_t *names);

/* Gives the device an event buffer: unmasks the line. The device has taken it on return. Returns its head. */
uint16_t gpio_unmask(struct vmm *vmm, uint16_t line);
/* The same without kick. */
uint16_t gpio_event_send(struct vmm *vmm, uint16_t line);
/* SET_IRQ_TYPE, which must be OK, then gpio_unmask(). */
uint16_t gpio_arm(struct vmm *vmm, uint16_t line, uint32_t type);
/* Waits for an event buffer to come back. */
struct gpio_event gpio_event_wait(struct vmm *vmm);
