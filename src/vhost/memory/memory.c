/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Guest memory: mapping regions, translating and copying. */
#include "vhost/memory/memory.h"

#include <errno.h>
#include <string.h>

#include "vhost/memory/sigbus_guard.h"

_Static_assert(SESSION_SLOTS_MAX + 4 <= SIGBUS_GUARDS_MAX, "each region, and logs and in-flight regions, old and new");

void memory_init(struct memory *memory, struct session_region *slots, struct file_map *maps)
{
	*memory = (struct memory){ .slots = slots, .maps = maps };
}

void memory_deinit(struct memory *memory)
{
	for (unsigned i = 0; i < memory->n_slots_end; i++)
		file_map_close(&memory->maps[i]);
	memory->n_slots_end = 0;
	memory->last = 0;
}

void memory_clear(struct memory *memory)
{
	memory_deinit(memory);
	memset(memory->slots, 0, SESSION_SLOTS_MAX * sizeof(memory->slots[0]));
}

static bool range_wraps(uint64_t start, uint64_t size)
{
	return size == 0 || start + (size - 1) < start;
}

static bool ranges_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

static int slot_map(struct memory *memory, unsigned slot, int fd)
{
	const struct session_region *region = &memory->slots[slot];
	int r;

	if (range_wraps(region->guest_addr, region->size) || range_wraps(region->user_addr, region->size))
		return -EINVAL;
	r = file_map_open(&memory->maps[slot], fd, region->mmap_offset, region->size);
	if (r == 0 && slot >= memory->n_slots_end)
		memory->n_slots_end = slot + 1;
	return r;
}

static bool region_overlaps(const struct memory *memory, const struct vhost_user_region *region)
{
	for (unsigned i = 0; i < memory->n_slots_end; i++) {
		const struct session_region *slot = &memory->slots[i];

		if (!memory->maps[i].start)
			continue;
		if (ranges_overlap(slot->guest_addr, slot->size, region->guest_addr, region->size) ||
		    ranges_overlap(slot->user_addr, slot->size, region->user_addr, region->size))
			return true;
	}
	return false;
}

int memory_add(struct memory *memory, const struct vhost_user_region *region, int fd)
{
	unsigned slot = 0;
	int r;

	while (slot < SESSION_SLOTS_MAX && memory->maps[slot].start)
		slot++;
	if (slot == SESSION_SLOTS_MAX)
		return -ENOSPC;
	if (region_overlaps(memory, region))
		return -EINVAL;

	memory->slots[slot] = (struct session_region){
		.guest_addr = region->guest_addr,
		.user_addr = region->user_addr,
		.size = region->size,
		.mmap_offset = region->mmap_offset,
	};
	r = slot_map(memory, slot, fd);
	if (r < 0) {
		memory->slots[slot] = (struct session_region){ 0 };
		return r;
	}
	return (int)slot;
}

int memory_restore(struct memory *memory, unsigned slot, int fd)
{
	return slot_map(memory, slot, fd);
}

int memory_find(const struct memory *memory, const struct vhost_user_region *region)
{
	for (unsigned i = 0; i < memory->n_slots_end; i++) {
		const struct session_region *slot = &memory->slots[i];

		if (memory->maps[i].start && slot->guest_addr == region->guest_addr &&
		    slot->user_addr == region->user_addr && slot->size == region->size)
			return (int)i;
	}
	return -ENOENT;
}

int memory_remove(struct memory *memory, const struct vhost_user_region *region)
{
	int slot = memory_find(memory, region);

	if (slot >= 0) {
		file_map_close(&memory->maps[slot]);
		memory->slots[slot] = (struct session_region){ 0 };
	}
	return slot;
}

bool memory_is_empty(const struct memory *memory)
{
	for (unsigned i = 0; i < memory->n_slots_end; i++) {
		if (memory->maps[i].start)
			return false;
	}
	return true;
}

static bool slot_has(const struct memory *memory, unsigned slot, uint64_t addr, bool user, uint64_t *offset)
{
	const struct session_region *region = &memory->slots[slot];

	*offset = addr - (user ? region->user_addr : region->guest_addr);
	return memory->maps[slot].start && *offset < region->size;
}

/* The slot with this guest-physical or user address, the one of the last access first; or -1. */
static int slot_find(struct memory *memory, uint64_t addr, bool user, uint64_t *offset)
{
	if (slot_has(memory, memory->last, addr, user, offset))
		return (int)memory->last;
	for (unsigned i = 0; i < memory->n_slots_end; i++) {
		if (slot_has(memory, i, addr, user, offset)) {
			memory->last = i;
			return (int)i;
		}
	}
	return -1;
}

/* Bytes in one region, and in one translation. */
struct span {
	uint8_t *bytes;
	uint64_t guest_addr;
	size_t len;
};

/* From I/O virtual to user addresses; *len is cut. As memory_read(). */
static int translate(struct memory *memory, uint64_t addr, unsigned access, uint64_t *user, size_t *len)
{
	int r = iotlb_find(memory->iotlb, addr, access, user, len);

	if (r == -EAGAIN) {
		memory->missed.addr = addr;
		memory->missed.perm = access;
	}
	return r;
}

/* The bytes at addr, up to len of them. */
static int span_find(struct memory *memory, struct guest_addr addr, unsigned access, size_t len, struct span *span)
{
	uint64_t at = addr.value, offset;
	int slot, r;

	memory->n_spans++;
	if (memory->iotlb) {
		r = translate(memory, addr.value, access, &at, &len);
		if (r < 0)
			return r;
	}
	slot = slot_find(memory, at, memory->iotlb != NULL, &offset);
	if (slot < 0)
		return -EFAULT;
	if (len > memory->slots[slot].size - offset)
		len = memory->slots[slot].size - offset;
	*span = (struct span){ memory->maps[slot].base + offset, memory->slots[slot].guest_addr + offset, len };
	return 0;
}

int memory_read(struct memory *memory, struct guest_addr addr, void *data, size_t len)
{
	uint8_t *to = data;
	struct span span;

	for (; len > 0; len -= span.len) {
		int r = span_find(memory, addr, IOTLB_READ, len, &span);

		if (r < 0)
			return r;
		memcpy(to, span.bytes, span.len);
		to += span.len;
		addr.value += span.len;
	}
	return sigbus_guard_tripped() ? -EFAULT : 0;
}

int memory_write(struct memory *memory, struct guest_addr addr, const void *data, size_t len)
{
	const uint8_t *from = data;
	struct span span;

	for (; len > 0; len -= span.len) {
		int r = span_find(memory, addr, IOTLB_WRITE, len, &span);

		if (r < 0)
			return r;
		memcpy(span.bytes, from, span.len);
		if (memory->dirty_log)
			dirty_log_mark(memory->dirty_log, span.guest_addr, span.len);
		from += span.len;
		addr.value += span.len;
	}
	return 0;
}

int memory_check(struct memory *memory, struct guest_addr addr, size_t len, enum iotlb_access access)
{
	struct span span;

	for (; len > 0; len -= span.len) {
		int r = span_find(memory, addr, access, len, &span);

		if (r < 0)
			return r;
		addr.value += span.len;
	}
	return 0;
}

/* An area of I/O virtual addresses as one of user addresses: a ring is used through one pointer. */
static bool translate_area(struct memory *memory, uint64_t addr, size_t len, unsigned access, uint64_t *user)
{
	if (addr + (len - 1) < addr)
		return false;
	for (size_t done = 0, n; done < len; done += n) {
		uint64_t part;

		n = len - done;
		if (translate(memory, addr + done, access, &part, &n) < 0)
			return false;
		if (done == 0)
			*user = part;
		else if (part != *user + done)
			return false;
	}
	return true;
}

void *memory_resolve(struct memory *memory, struct user_addr addr, size_t len, size_t align, unsigned access)
{
	uint64_t at = addr.value, offset;
	uint8_t *p;
	int slot;

	if (addr.value & (align - 1))
		return NULL;
	if (memory->iotlb && !translate_area(memory, addr.value, len, access, &at))
		return NULL;
	slot = slot_find(memory, at, true, &offset);
	if (slot < 0)
		return NULL;
	p = memory->maps[slot].base + offset;
	if (len > memory->slots[slot].size - offset || ((uintptr_t)p & (align - 1)))
		return NULL;
	return p;
}

/* The slot that a resolved byte lies in, or -1. */
static int slot_of_byte(const struct memory *memory, const uint8_t *p)
{
	for (unsigned i = 0; i < memory->n_slots_end; i++) {
		const struct file_map *map = &memory->maps[i];

		if (map->start && p >= map->base && (size_t)(p - map->base) < memory->slots[i].size)
			return (int)i;
	}
	return -1;
}

uint64_t memory_guest_addr(const struct memory *memory, const void *resolved)
{
	const uint8_t *p = resolved;
	int slot = slot_of_byte(memory, p);

	return slot < 0 ? UINT64_MAX : memory->slots[slot].guest_addr + (uint64_t)(p - memory->maps[slot].base);
}

struct session_location memory_location(const struct memory *memory, const void *resolved)
{
	const uint8_t *p = resolved;
	int slot = slot_of_byte(memory, p);
	uint64_t offset;

	if (slot < 0)
		return (struct session_location){ 0 };
	offset = (uint64_t)(p - memory->maps[slot].base);
	return (struct session_location){
		.dev = memory->maps[slot].dev,
		.ino = memory->maps[slot].ino,
		.offset = memory->slots[slot].mmap_offset + offset,
		.guest_addr = memory->slots[slot].guest_addr + offset,
	};
}

bool memory_has_user(const struct memory *memory, struct user_addr addr, uint64_t len)
{
	for (unsigned i = 0; i < memory->n_slots_end; i++) {
		const struct session_region *slot = &memory->slots[i];

		if (memory->maps[i].start && addr.value >= slot->user_addr &&
		    addr.value - slot->user_addr < slot->size && len <= slot->size - (addr.value - slot->user_addr))
			return true;
	}
	return false;
}
