/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The split ring as a driver writes it: VirtIO 1.3, 2.7. */
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "failure.h"
#include "wait.h"

#define NEXT_END      (-1)
#define NEXT_NOT_OURS (-2)

static uint64_t desc_size(unsigned n)
{
	return 16ull * n;
}

static uint64_t avail_size(unsigned n)
{
	return 6 + 2ull * n;
}

static uint64_t used_size(unsigned n)
{
	return 6 + 8ull * n;
}

static uint16_t load16(const struct ring *ring, uint64_t addr)
{
	return __atomic_load_n((uint16_t *)memory_at(ring->memory, addr, 2), __ATOMIC_SEQ_CST);
}

static void store16(const struct ring *ring, uint64_t addr, uint16_t value)
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

static void place(struct ring *ring)
{
	ring->desc = memory_alloc(ring->memory, 0, desc_size(ring->size), 16);
	ring->avail = memory_alloc(ring->memory, 0, avail_size(ring->size), 2);
	ring->used = memory_alloc(ring->memory, 0, used_size(ring->size), 4);
}

void ring_init(struct ring *ring, struct memory *memory, unsigned size)
{
	*ring = (struct ring){ .memory = memory, .size = size };
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

void ring_reset(struct ring *ring)
{
	memset(memory_at(ring->memory, ring->desc, desc_size(ring->size)), 0, desc_size(ring->size));
	memset(memory_at(ring->memory, ring->avail, avail_size(ring->size)), 0, avail_size(ring->size));
	memset(memory_at(ring->memory, ring->used, used_size(ring->size)), 0, used_size(ring->size));
	ring->avail_idx = ring->avail_published = ring->avail_kicked = ring->used_idx = 0;
	free_all(ring);
}

void ring_start_at(struct ring *ring, uint16_t index)
{
	ring_reset(ring);
	ring->avail_idx = ring->avail_kicked = ring->used_idx = index;
	ring_publish(ring);
	ring_set_used_idx(ring, index);
	ring_set_used_event(ring, index);
}

void ring_move(struct ring *ring)
{
	struct ring old = *ring;

	place(ring);
	memcpy(memory_at(ring->memory, ring->desc, desc_size(ring->size)),
	       memory_at(ring->memory, old.desc, desc_size(ring->size)), desc_size(ring->size));
	memcpy(memory_at(ring->memory, ring->avail, avail_size(ring->size)),
	       memory_at(ring->memory, old.avail, avail_size(ring->size)), avail_size(ring->size));
	memcpy(memory_at(ring->memory, ring->used, used_size(ring->size)),
	       memory_at(ring->memory, old.used, used_size(ring->size)), used_size(ring->size));
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

void ring_desc_set(struct ring *ring, uint16_t index, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	struct split_desc *desc = memory_at(ring->memory, ring->desc + 16ull * index, sizeof(*desc));

	*desc = (struct split_desc){ .addr = addr, .len = len, .flags = flags, .next = next };
}

static void table_fill(struct ring *ring, uint64_t table, const struct ring_part *parts, unsigned n_parts)
{
	struct split_desc *desc = memory_at(ring->memory, table, 16ull * n_parts);

	for (unsigned i = 0; i < n_parts; i++)
		desc[i] = (struct split_desc){ .addr = parts[i].addr,
					       .len = parts[i].len,
					       .flags = (uint16_t)((parts[i].write ? DESC_F_WRITE : 0) |
								   (i + 1 < n_parts ? DESC_F_NEXT : 0)),
					       .next = (uint16_t)(i + 1) };
}

uint16_t ring_add(struct ring *ring, const struct ring_part *parts, unsigned n_parts, enum ring_layout layout)
{
	unsigned n_direct = layout == RING_DIRECT ? n_parts : layout == RING_MIXED ? 1 : 0;
	bool indirect = layout != RING_DIRECT;
	unsigned n = n_direct + indirect;
	uint16_t head = take_free(ring), at = head;

	if (indirect && n_parts - n_direct > RING_TABLE_PARTS)
		failure("an indirect table of %u parts does not fit a slot", n_parts - n_direct);
	for (unsigned i = 0; i < n; i++) {
		bool last = i + 1 == n;
		uint16_t next = last ? 0 : take_free(ring);
		uint16_t flags = last ? 0 : DESC_F_NEXT;

		ring->next[at] = last ? NEXT_END : next;
		if (i < n_direct) {
			ring_desc_set(ring, at, parts[i].addr, parts[i].len,
				      (uint16_t)(flags | (parts[i].write ? DESC_F_WRITE : 0)), next);
		} else {
			uint64_t table = ring_slot(ring, head) + RING_SLOT_TABLE;

			table_fill(ring, table, parts + n_direct, n_parts - n_direct);
			ring_desc_set(ring, at, table, 16 * (n_parts - n_direct), DESC_F_INDIRECT, 0);
		}
		at = next;
	}
	store16(ring, ring->avail + 4 + 2ull * (ring->avail_idx % ring->size), head);
	ring->avail_idx++;
	return head;
}

void ring_publish(struct ring *ring)
{
	store16(ring, ring->avail + 2, ring->avail_idx);
	ring->avail_published = ring->avail_idx;
}

void ring_publish_head(struct ring *ring, uint16_t head)
{
	store16(ring, ring->avail + 4 + 2ull * (ring->avail_idx % ring->size), head);
	ring->avail_idx++;
	ring_publish(ring);
}

void ring_skew_avail(struct ring *ring, uint16_t by)
{
	ring->avail_idx = (uint16_t)(ring->avail_idx + by);
	ring_publish(ring);
}

void ring_kick(struct ring *ring)
{
	const uint64_t one = 1;

	ring->avail_kicked = ring->avail_published;
	if (write(ring->kick_fd, &one, sizeof(one)) != sizeof(one))
		failure("kick: %s", strerror(errno));
}

bool ring_notify(struct ring *ring)
{
	uint16_t old = ring->avail_kicked, new = ring->avail_published;
	bool wanted;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring->event_idx)
		wanted = (uint16_t)(new - ring_avail_event(ring) - 1) < (uint16_t)(new - old);
	else
		wanted = !(ring_used_flags(ring) & USED_F_NO_NOTIFY);
	ring->avail_kicked = new;
	if (wanted)
		ring_kick(ring);
	return wanted;
}

uint16_t ring_used_idx(const struct ring *ring)
{
	return load16(ring, ring->used + 2);
}

uint16_t ring_used_flags(const struct ring *ring)
{
	return load16(ring, ring->used);
}

uint16_t ring_avail_event(const struct ring *ring)
{
	return load16(ring, ring->used + 4 + 8ull * ring->size);
}

void ring_set_used_idx(struct ring *ring, uint16_t idx)
{
	store16(ring, ring->used + 2, idx);
}

void ring_set_avail_flags(struct ring *ring, uint16_t flags)
{
	store16(ring, ring->avail, flags);
}

void ring_set_used_event(struct ring *ring, uint16_t idx)
{
	store16(ring, ring->avail + 4 + 2ull * ring->size, idx);
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
	struct split_used_elem elem;

	if (ring_used_idx(ring) == ring->used_idx)
		return false;
	memory_read(ring->memory, ring->used + 4 + 8ull * (ring->used_idx % ring->size), &elem, sizeof(elem));
	ring->used_idx++;
	if (ring->event_idx && !ring->manual_event)
		ring_set_used_event(ring, ring->used_idx);
	*used = (struct ring_used){ .id = elem.id, .len = elem.len };
	give_back(ring, elem.id);
	return true;
}

struct ring_used ring_wait(struct ring *ring)
{
	uint64_t end_ms = clock_ms() + WAIT_MS;
	struct ring_used used;

	while (!ring_reap(ring, &used)) {
		if (clock_ms() >= end_ms)
			failure("no used buffer: avail.idx %u, used.idx %u, used so far %u", ring->avail_published,
				ring_used_idx(ring), ring->used_idx);
		if (wait_readable(ring->call_fd, 1))
			ring_calls(ring);
	}
	return used;
}

static bool all_taken(void *ctx)
{
	const struct ring *ring = ctx;

	return ring_avail_event(ring) == ring->avail_published;
}

void ring_wait_taken(struct ring *ring)
{
	if (!ring->event_idx)
		sleep_ms(3);
	else if (!wait_for(all_taken, ring, WAIT_MS))
		failure("avail.idx is %u, avail_event stays %u", ring->avail_published, ring_avail_event(ring));
}

bool ring_silent(struct ring *ring, int timeout_ms)
{
	uint64_t end_ms = clock_ms() + (uint64_t)timeout_ms;

	do {
		if (ring_used_idx(ring) != ring->used_idx)
			return false;
		sleep_ms(1);
	} while (clock_ms() < end_ms);
	return true;
}

uint64_t ring_calls(struct ring *ring)
{
	uint64_t n;

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

bool ring_error(struct ring *ring, int timeout_ms)
{
	uint64_t n;

	return wait_readable(ring->err_fd, timeout_ms) && read(ring->err_fd, &n, sizeof(n)) == sizeof(n);
}
