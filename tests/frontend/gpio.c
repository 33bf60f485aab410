/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Requests and event buffers in the slots of their heads. */
#include "gpio.h"

#include <string.h>

#include "failure.h"

#define RESPONSE_AT 8 /* in the slot: the request lies at 0 */
#define STATUS_AT   2 /* in the slot of an event buffer */

uint16_t gpio_send(struct vmm *vmm, uint16_t type, uint16_t line, uint32_t value)
{
	struct gpio_wire_request request = { .type = type, .gpio = line, .value = value };
	struct ring *ring = &vmm->rings[VMM_REQUESTQ];
	uint64_t slot = ring_next_slot(ring);
	struct ring_part parts[] = { { slot, 8, false }, { slot + RESPONSE_AT, 2, true } };
	uint16_t head;

	memory_write(&vmm->memory, slot, &request, sizeof(request));
	memset(memory_at(&vmm->memory, slot + RESPONSE_AT, 2), GPIO_UNTOUCHED, 2);
	head = ring_add(ring, parts, 2, vmm->layout);
	ring_publish(ring);
	return head;
}

struct gpio_answer gpio_answer_of(const struct vmm *vmm, struct ring_used used)
{
	const struct ring *ring = &vmm->rings[VMM_REQUESTQ];
	const uint8_t *response;

	if (used.id >= ring->size)
		failure("used id %u", used.id);
	response = memory_at(&vmm->memory, ring_slot(ring, (uint16_t)used.id) + RESPONSE_AT, 2);
	return (struct gpio_answer){ .status = response[0], .value = response[1], .used_len = used.len };
}

struct gpio_answer gpio_request(struct vmm *vmm, uint16_t type, uint16_t line, uint32_t value)
{
	struct ring *ring = &vmm->rings[VMM_REQUESTQ];
	uint16_t head = gpio_send(vmm, type, line, value);
	struct ring_used used;

	ring_notify(ring);
	used = ring_wait(ring);
	if (used.id != head)
		failure("used id %u instead of %u", used.id, head);
	return gpio_answer_of(vmm, used);
}

static struct gpio_answer request_checked(struct vmm *vmm, uint16_t type, uint16_t line, uint32_t value)
{
	struct gpio_answer answer = gpio_request(vmm, type, line, value);

	if (answer.used_len != 2)
		failure("used length %u of request %u", answer.used_len, type);
	if (answer.status != GPIO_OK && (answer.status != GPIO_ERR || answer.value != 0))
		failure("answer {%u, %u} to request %u", answer.status, answer.value, type);
	return answer;
}

uint8_t gpio_set_direction(struct vmm *vmm, uint16_t line, uint32_t direction)
{
	return request_checked(vmm, GPIO_SET_DIRECTION, line, direction).status;
}

uint8_t gpio_set_value(struct vmm *vmm, uint16_t line, uint32_t value)
{
	return request_checked(vmm, GPIO_SET_VALUE, line, value).status;
}

uint8_t gpio_set_irq_type(struct vmm *vmm, uint16_t line, uint32_t type)
{
	return request_checked(vmm, GPIO_SET_IRQ_TYPE, line, type).status;
}

static int request_value(struct vmm *vmm, uint16_t type, uint16_t line)
{
	struct gpio_answer answer = request_checked(vmm, type, line, 0);

	return answer.status == GPIO_OK ? answer.value : -1;
}

int gpio_get_direction(struct vmm *vmm, uint16_t line)
{
	return request_value(vmm, GPIO_GET_DIRECTION, line);
}

int gpio_get_value(struct vmm *vmm, uint16_t line)
{
	return request_value(vmm, GPIO_GET_VALUE, line);
}

uint32_t gpio_get_names(struct vmm *vmm, uint16_t line, uint32_t size, uint8_t *names)
{
	struct gpio_wire_request request = { .type = GPIO_GET_LINE_NAMES, .gpio = line };
	struct ring *ring = &vmm->rings[VMM_REQUESTQ];
	uint64_t buffer = memory_alloc(&vmm->memory, 0, size + 1, 16), slot = ring_next_slot(ring);
	struct ring_part parts[] = { { slot, 8, false }, { buffer, size + 1, true } };
	struct ring_used used;

	memory_write(&vmm->memory, slot, &request, sizeof(request));
	memset(memory_at(&vmm->memory, buffer, size + 1), GPIO_UNTOUCHED, size + 1);
	ring_add(ring, parts, 2, vmm->layout);
	ring_publish(ring);
	ring_notify(ring);
	used = ring_wait(ring);
	memory_read(&vmm->memory, buffer, names, size + 1);
	return used.len;
}

uint16_t gpio_event_send(struct vmm *vmm, uint16_t line)
{
	struct ring *ring = &vmm->rings[VMM_EVENTQ];
	uint64_t slot = ring_next_slot(ring);
	struct ring_part parts[] = { { slot, 2, false }, { slot + STATUS_AT, 1, true } };
	uint16_t head;

	memory_write(&vmm->memory, slot, &line, sizeof(line));
	memset(memory_at(&vmm->memory, slot + STATUS_AT, 1), GPIO_UNTOUCHED, 1);
	head = ring_add(ring, parts, 2, vmm->layout);
	ring_publish(ring);
	return head;
}

uint16_t gpio_unmask(struct vmm *vmm, uint16_t line)
{
	uint16_t head = gpio_event_send(vmm, line);

	ring_notify(&vmm->rings[VMM_EVENTQ]);
	ring_wait_taken(&vmm->rings[VMM_EVENTQ]);
	return head;
}

uint16_t gpio_arm(struct vmm *vmm, uint16_t line, uint32_t type)
{
	if (gpio_set_irq_type(vmm, line, type) != GPIO_OK)
		failure("SET_IRQ_TYPE(%u) of line %u refused", type, line);
	return gpio_unmask(vmm, line);
}

struct gpio_event gpio_event_wait(struct vmm *vmm)
{
	const struct ring *ring = &vmm->rings[VMM_EVENTQ];
	struct ring_used used = ring_wait(&vmm->rings[VMM_EVENTQ]);

	if (used.id >= ring->size)
		failure("used id %u", used.id);
	return (struct gpio_event){ .head = (uint16_t)used.id,
				    .status = *(uint8_t *)memory_at(&vmm->memory,
								    ring_slot(ring, (uint16_t)used.id) + STATUS_AT, 1),
				    .used_len = used.len };
}
