/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Zephyr's way of driving, from what its driver and its virtqueues do. */
#include "zephyr.h"

#include <string.h>

#define NOBODY	 0xff
#define FEATURES (FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VHOST_USER_F_PROTOCOL_FEATURES))

enum { LINE_AT = 32, LINE_SIZE = 16, RESPONSE_AT = 8, STATUS_AT = 2 };

/* Descriptors and both areas in one piece of memory, aligned to no more than it must be. */
static void place_queue(struct zephyr *z, unsigned index, unsigned size)
{
	struct vmm *vmm = &z->s->vmm;
	struct ring *ring = &vmm->rings[index];
	unsigned before = 18 * size + 6;

	ring_deinit(ring);
	ring_init(ring, &vmm->memory, size);
	ring->index = index;
	ring->desc = memory_alloc(&vmm->memory, 0, 16 + 26 * size + 16, 64) + 16;
	ring->avail = ring->desc + 16 * size;
	ring->used = ring->desc + before + before % 4;
	z->queues[index].ring = ring;
}

void zephyr_boot(struct zephyr *z)
{
	memset(memory_at(&z->s->vmm.memory, z->statics, 256), 0, 256);
	memset(z->lines, 0, sizeof(z->lines));
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		struct zephyr_queue *q = &z->queues[i];

		ring_reset(q->ring);
		q->calls = ring_calls(q->ring);
		for (q->n_free = 0; q->n_free < q->ring->size; q->n_free++) {
			q->free[q->n_free] = (uint16_t)q->n_free;
			q->owner[q->n_free] = NOBODY;
		}
	}
}

void zephyr_start(struct zephyr *z)
{
	for (unsigned i = 0; i < z->n_queues; i++) {
		vmm_ring_setup(&z->s->vmm, i, 0);
		vmm_ring_enable(&z->s->vmm, i, true);
		ring_kick(z->queues[i].ring);
	}
}

void zephyr_probe(struct zephyr *z, struct session *s, bool interrupts)
{
	uint16_t ngpio;

	*z = (struct zephyr){ .s = s, .n_queues = interrupts ? 2 : 1 };
	z->statics = memory_alloc(&s->vmm.memory, 1, 256, 16);
	place_queue(z, VMM_REQUESTQ, 2);
	place_queue(z, VMM_EVENTQ, ZEPHYR_EVENTS);
	zephyr_boot(z);
	vmm_prepare(&s->vmm, session_socket(s), FEATURES | (interrupts ? FEATURE(VIRTIO_GPIO_F_IRQ) : 0));
	assert_true(message_get_config(&s->vmm.connection, 0, sizeof(ngpio), &ngpio) >= 0);
	assert_int_equal(ngpio, ZEPHYR_LINES);
	zephyr_start(z);
}

static uint16_t take_desc(struct zephyr_queue *q)
{
	assert_true(q->n_free > 0);
	return q->free[--q->n_free];
}

static void send_chain(struct zephyr *z, unsigned index, uint8_t owner, const struct ring_part *parts)
{
	struct zephyr_queue *q = &z->queues[index];
	uint16_t head = take_desc(q), next = take_desc(q);

	ring_desc_set(q->ring, head, parts[0].addr, parts[0].len, DESC_F_NEXT, next);
	ring_desc_set(q->ring, next, parts[1].addr, parts[1].len, DESC_F_WRITE, 0);
	q->owner[head] = owner;
	ring_publish_head(q->ring, head);
	ring_kick(q->ring);
}

static void arm(struct zephyr *z, unsigned line)
{
	uint64_t at = z->statics + LINE_AT + LINE_SIZE * line;
	const struct ring_part parts[] = { { at, 2, false }, { at + STATUS_AT, 1, true } };
	uint16_t number = (uint16_t)line;

	if (z->lines[line].queued)
		return;
	z->lines[line].queued = true;
	memory_write(&z->s->vmm.memory, at, &number, sizeof(number));
	send_chain(z, VMM_EVENTQ, (uint8_t)line, parts);
}

uint8_t zephyr_event_status(struct zephyr *z, unsigned line)
{
	uint64_t at = z->statics + LINE_AT + LINE_SIZE * line + STATUS_AT;

	return *(uint8_t *)memory_at(&z->s->vmm.memory, at, 1);
}

static void event_done(struct zephyr *z, unsigned number, uint32_t used_len)
{
	struct zephyr_line *line = &z->lines[number];

	assert_int_equal(used_len, 1);
	line->queued = false;
	if (zephyr_event_status(z, number) != GPIO_EVENT_VALID)
		line->invalid++;
	else if (line->enabled)
		line->fired++;
	if (line->enabled)
		arm(z, number);
}

static void take_used(struct zephyr *z, unsigned index)
{
	struct zephyr_queue *q = &z->queues[index];
	struct ring_used used;
	struct split_desc desc;
	uint8_t owner;

	assert_true(ring_reap(q->ring, &used));
	assert_in_range(used.id, 0, q->ring->size - 1);
	owner = q->owner[used.id];
	assert_int_not_equal(owner, NOBODY);
	q->owner[used.id] = NOBODY;
	memory_read(&z->s->vmm.memory, q->ring->desc + 16ull * used.id, &desc, sizeof(desc));
	q->free[q->n_free++] = (uint16_t)used.id;
	q->free[q->n_free++] = desc.next;
	if (index == VMM_EVENTQ) {
		event_done(z, owner, used.len);
		return;
	}
	assert_int_equal(used.len, 2);
	z->answered = true;
}

void zephyr_interrupt(struct zephyr *z)
{
	for (unsigned i = 0; i < z->n_queues; i++) {
		struct ring *ring = z->queues[i].ring;
		uint16_t end = ring_used_idx(ring);

		while (ring->used_idx != end)
			take_used(z, i);
	}
}

static void wait_interrupt(struct zephyr *z, unsigned index)
{
	struct zephyr_queue *q = &z->queues[index];

	ring_wait_calls(q->ring, q->calls + 1);
	q->calls = ring_calls(q->ring);
	zephyr_interrupt(z);
}

/* Whether it was granted; value is what came with it. */
static bool request_with(struct zephyr *z, uint16_t type, unsigned line, uint32_t value, uint8_t *answer)
{
	const struct gpio_wire_request request = { .type = type, .gpio = (uint16_t)line, .value = value };
	const struct ring_part parts[] = { { z->statics, 8, false }, { z->statics + RESPONSE_AT, 2, true } };
	uint8_t response[2];

	memory_write(&z->s->vmm.memory, z->statics, &request, sizeof(request));
	z->answered = false;
	send_chain(z, VMM_REQUESTQ, 0, parts);
	while (!z->answered)
		wait_interrupt(z, VMM_REQUESTQ);
	memory_read(&z->s->vmm.memory, z->statics + RESPONSE_AT, response, sizeof(response));
	*answer = response[1];
	return response[0] == GPIO_OK;
}

bool zephyr_request(struct zephyr *z, uint16_t type, unsigned line, uint32_t value)
{
	uint8_t answer;

	return request_with(z, type, line, value, &answer);
}

uint8_t zephyr_get(struct zephyr *z, unsigned line)
{
	uint8_t value;

	assert_true(request_with(z, GPIO_GET_VALUE, line, 0, &value));
	return value;
}

void zephyr_output(struct zephyr *z, unsigned line, uint32_t value)
{
	assert_true(zephyr_request(z, GPIO_SET_VALUE, line, value));
	assert_true(zephyr_request(z, GPIO_SET_DIRECTION, line, GPIO_OUT));
}

void zephyr_irq(struct zephyr *z, unsigned line, uint32_t type)
{
	if (type == GPIO_IRQ_NONE)
		z->lines[line].enabled = false;
	assert_true(zephyr_request(z, GPIO_SET_IRQ_TYPE, line, type));
	if (type == GPIO_IRQ_NONE)
		return;
	z->lines[line].enabled = true;
	arm(z, line);
}

void zephyr_wait_fired(struct zephyr *z, unsigned line, unsigned fired)
{
	while (z->lines[line].fired < fired)
		wait_interrupt(z, VMM_EVENTQ);
}
