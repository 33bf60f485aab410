/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What both formats of a ring have in common on the driver's side. */
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "failure.h"
#include "ring_format.h"
#include "wait.h"

#define NEXT_END      (-1)
#define NEXT_NOT_OURS (-2)

uint16_t ring_load16(const struct ring *ring, uint64_t addr)
{
	return __atomic_load_n((uint16_t *)memory_at(ring->memory, addr, 2), __ATOMIC_SEQ_CST);
}

void ring_store16(const struct ring *ring, uint64_t addr, uint16_t value)
{
	__atomic_store_n((uint16_t *)memory_at(ring->memory, addr, 2), value, __ATOMIC_SEQ_CST);
}

static void free_all(struct ring *ring)
{
	ring->n_free = ring->size;
	for (unsigned i = 0; i < ring->size; i++) {
		ring->free[i] = (uint16_t)(ring->size - 1 - i);
		ring->next[i] = NEXT_NOT_OURS;
	}
}

static void area_copy(struct ring *ring, uint64_t to, uint64_t from, uint64_t size)
{
	memcpy(memory_at(ring->memory, to, size), memory_at(ring->memory, from, size), size);
}

/* Room for either format. */
static void place(struct ring *ring)
{
	ring->desc = memory_alloc(ring->memory, 0, ring_split.desc_size(ring->size), 16);
	ring->avail = memory_alloc(ring->memory, 0, ring_split.avail_size(ring->size), 4);
	ring->used = memory_alloc(ring->memory, 0, ring_split.used_size(ring->size), 4);
}

void ring_init(struct ring *ring, struct memory *memory, unsigned size)
{
	*ring = (struct ring){ .memory = memory, .size = size, .format = &ring_split };
	place(ring);
	ring->slots = memory_alloc(memory, memory->n_regions - 1, (uint64_t)size * RING_SLOT_SIZE, 16);
	ring->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ring->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ring->err_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ring->free = calloc(size, sizeof(*ring->free));
	ring->next = calloc(size, sizeof(*ring->next));
	if (ring->kick_fd < 0 || ring->call_fd < 0 || ring->err_fd < 0 || !ring->free || !ring->next)
		failure("ring: %s", strerror(errno));
	free_all(ring);
}

void ring_set_packed(struct ring *ring, bool packed)
{
	const struct ring_format *format = packed ? &ring_packed : &ring_split;

	if (ring->format == format)
		return;
	ring_reset(ring); /* the old format's areas */
	ring->format = format;
	ring_reset(ring);
}

bool ring_is_packed(const struct ring *ring)
{
	return ring->format == &ring_packed;
}

void ring_reset(struct ring *ring)
{
	const struct ring_format *format = ring->format;

	memset(memory_at(ring->memory, ring->desc, format->desc_size(ring->size)), 0, format->desc_size(ring->size));
	memset(memory_at(ring->memory, ring->avail, format->avail_size(ring->size)), 0, format->avail_size(ring->size));
	memset(memory_at(ring->memory, ring->used, format->used_size(ring->size)), 0, format->used_size(ring->size));
	ring->avail_idx = ring->avail_published = ring->avail_kicked = ring->used_idx = 0;
	ring->avail_at = ring->used_at = (struct ring_at){ 0, true };
	ring->n_unkicked = 0;
	free_all(ring);
}

void ring_start_at(struct ring *ring, uint16_t index)
{
	ring_reset(ring);
	ring->format->start_at(ring, index);
}

void ring_move(struct ring *ring)
{
	struct ring old = *ring;

	place(ring);
	area_copy(ring, ring->desc, old.desc, ring->format->desc_size(ring->size));
	area_copy(ring, ring->avail, old.avail, ring->format->avail_size(ring->size));
	area_copy(ring, ring->used, old.used, ring->format->used_size(ring->size));
}

uint32_t ring_base(const struct ring *ring)
{
	return ring->format->base(ring);
}

uint32_t ring_returned_base(const struct ring *ring)
{
	return ring->format->returned_base(ring);
}

void ring_make_bad(struct ring *ring)
{
	ring->format->make_bad(ring);
}

bool ring_has_used(const struct ring *ring)
{
	return ring->format->has_used(ring);
}

uint32_t ring_first_base(const struct ring *ring)
{
	return ring_is_packed(ring) ? 0x80008000u : 0;
}

void ring_new_kick_fd(struct ring *ring)
{
	close(ring->kick_fd);
	ring->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->kick_fd < 0)
		failure("eventfd: %s", strerror(errno));
}

void ring_deinit(struct ring *ring)
{
	if (!ring->memory)
		return;
	close(ring->kick_fd);
	close(ring->call_fd);
	close(ring->err_fd);
	free(ring->free);
	free(ring->next);
	ring->memory = NULL;
}

uint64_t ring_slot(const struct ring *ring, uint16_t head)
{
	return ring->slots + (uint64_t)head * RING_SLOT_SIZE;
}

uint64_t ring_next_slot(const struct ring *ring)
{
	if (ring->n_free == 0)
		failure("the ring is full");
	return ring_slot(ring, ring->free[ring->n_free - 1]);
}

static uint16_t take_free(struct ring *ring)
{
	if (ring->n_free == 0)
		failure("the ring is full");
	return ring->free[--ring->n_free];
}

void ring_desc_take(struct ring *ring, uint16_t *index, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		index[i] = take_free(ring);
}

uint16_t ring_add(struct ring *ring, const struct ring_part *parts, unsigned n_parts, enum ring_layout layout)
{
	bool indirect = layout != RING_DIRECT && !ring->direct_only;
	unsigned n_direct = !indirect ? n_parts : layout == RING_MIXED && !ring_is_packed(ring) ? 1 : 0;
	unsigned n = n_direct + indirect;
	uint16_t head = take_free(ring), at = head;
	struct ring_desc descs[RING_PARTS_MAX + 1];

	if (n > RING_PARTS_MAX || (indirect && n_parts - n_direct > RING_TABLE_PARTS))
		failure("a chain of %u parts is too long", n_parts);
	for (unsigned i = 0; i < n; i++) {
		uint16_t next = i + 1 == n ? 0 : take_free(ring);

		ring->next[at] = i + 1 == n ? NEXT_END : next;
		if (i < n_direct)
			descs[i] = (struct ring_desc){ parts[i].addr + ring->iova, parts[i].len,
						       parts[i].write ? DESC_F_WRITE : 0 };
		at = next;
	}
	if (indirect) {
		uint64_t table = ring_slot(ring, head) + RING_SLOT_TABLE;

		struct ring_part shifted[RING_TABLE_PARTS];

		for (unsigned i = n_direct; i < n_parts; i++)
			shifted[i - n_direct] =
				(struct ring_part){ parts[i].addr + ring->iova, parts[i].len, parts[i].write };
		ring->format->table_fill(ring, table, shifted, n_parts - n_direct);
		descs[n_direct] = (struct ring_desc){ table + ring->iova, 16 * (n_parts - n_direct), DESC_F_INDIRECT };
	}
	ring->format->enter(ring, head, descs, n);
	return head;
}

void ring_publish(struct ring *ring)
{
	ring->format->publish(ring);
}

void ring_kick(struct ring *ring)
{
	const uint64_t one = 1;

	ring->avail_kicked = ring->avail_published;
	ring->n_unkicked = 0;
	if (ring->inband)
		ring->inband->kick(ring->inband->ctx, ring->index);
	else if (write(ring->kick_fd, &one, sizeof(one)) != sizeof(one))
		failure("kick: %s", strerror(errno));
}

bool ring_notify(struct ring *ring)
{
	bool wanted;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	wanted = ring->format->wants_kick(ring);
	if (wanted)
		ring_kick(ring);
	return wanted;
}

static void give_back(struct ring *ring, uint32_t id)
{
	if (id >= ring->size || ring->next[id] == NEXT_NOT_OURS)
		return;
	for (int32_t at = (int32_t)id; at >= 0;) {
		int32_t next = ring->next[at];

		ring->next[at] = NEXT_NOT_OURS;
		ring->free[ring->n_free++] = (uint16_t)at;
		at = next;
	}
}

bool ring_reap(struct ring *ring, struct ring_used *used)
{
	if (!ring->format->has_used(ring))
		return false;
	*used = ring->format->take_used(ring);
	give_back(ring, used->id);
	return true;
}

struct ring_used ring_wait(struct ring *ring)
{
	uint64_t end_ms = clock_ms() + WAIT_MS;
	struct ring_used used;

	while (!ring_reap(ring, &used)) {
		if (clock_ms() >= end_ms)
			failure("no used buffer: %u published, %u used so far", ring->avail_published, ring->used_idx);
		if (wait_readable(ring->call_fd, 1) || ring->inband)
			ring_calls(ring);
	}
	return used;
}

static bool all_taken(void *ctx)
{
	const struct ring *ring = ctx;

	return ring->format->all_taken(ring);
}

void ring_wait_taken(struct ring *ring)
{
	if (!ring->event_idx)
		sleep_ms(3);
	else if (!wait_for(all_taken, ring, WAIT_MS))
		failure("the device does not take what is published");
}

bool ring_silent(struct ring *ring, int timeout_ms)
{
	uint64_t end_ms = clock_ms() + (uint64_t)timeout_ms;

	do {
		if (ring->format->has_used(ring))
			return false;
		sleep_ms(1);
	} while (clock_ms() < end_ms);
	return true;
}

uint64_t ring_calls(struct ring *ring)
{
	uint64_t n;

	if (ring->inband)
		ring->inband->receive(ring->inband->ctx);
	if (read(ring->call_fd, &n, sizeof(n)) == sizeof(n))
		ring->calls += n;
	return ring->calls;
}

static bool calls_done(void *ctx)
{
	void **args = ctx;

	return ring_calls(args[0]) >= *(uint64_t *)args[1];
}

void ring_wait_calls(struct ring *ring, uint64_t calls)
{
	void *args[] = { ring, &calls };

	if (!wait_for(calls_done, args, WAIT_MS))
		failure("%llu calls instead of %llu", (unsigned long long)ring->calls, (unsigned long long)calls);
}

static bool has_inband_error(void *ctx)
{
	struct ring *ring = ctx;

	ring->inband->receive(ring->inband->ctx);
	return ring->inband_errors > 0;
}

bool ring_error(struct ring *ring, int timeout_ms)
{
	uint64_t n;

	if (ring->inband) {
		if (!wait_for(has_inband_error, ring, timeout_ms))
			return false;
		ring->inband_errors--;
		return true;
	}
	return wait_readable(ring->err_fd, timeout_ms) && read(ring->err_fd, &n, sizeof(n)) == sizeof(n);
}
