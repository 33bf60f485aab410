/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Guest memory: mapping regions, translating and copying. */
#include "vhost/memory.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

void memory_init(struct memory *memory, struct session_region *slots)
{
	memset(memory, 0, sizeof(*memory));
	memory->slots = slots;
}

static void slot_unmap(struct memory_map *map)
{
	if (map->start)
		munmap(map->start, map->len);
	*map = (struct memory_map){ 0 };
}

void memory_deinit(struct memory *memory)
{
	for (unsigned i = 0; i < memory->n_slots_end; i++)
		slot_unmap(&memory->maps[i]);
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

/* The page size that mmap offsets of this file must keep to: huge pages have their own. */
static uint64_t file_page_size(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC && fs.f_bsize > 0)
		return fs.f_bsize;
	return sysconf(_SC_PAGESIZE);
}

/* The region is a valid one of its own: no wrap, and inside its file, so that no access can end in SIGBUS at once. */
static int region_check(const struct session_region *region, int fd)
{
	struct stat st;

	if (range_wraps(region->guest_addr, region->size) || range_wraps(region->user_addr, region->size) ||
	    range_wraps(region->mmap_offset, region->size))
		return -EINVAL;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size < 0 || region->mmap_offset + (region->size - 1) >= (uint64_t)st.st_size)
		return -EINVAL;
	return 0;
}

static int slot_map(struct memory *memory, unsigned slot, int fd)
{
	const struct session_region *region = &memory->slots[slot];
	struct memory_map *map = &memory->maps[slot];
	uint64_t page, head, len;
	void *start;
	int r;

	r = region_check(region, fd);
	if (r < 0)
		return r;
	page = file_page_size(fd);
	head = region->mmap_offset & (page - 1);
	len = (head + region->size + page - 1) & ~(page - 1);
	if (len < region->size || len > PTRDIFF_MAX)
		return -EINVAL;
	start = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, region->mmap_offset - head);
	if (start == MAP_FAILED)
		return -errno;
	/* A worker that crashes must not write the guest's memory into a core file. */
	madvise(start, len, MADV_DONTDUMP);
	*map = (struct memory_map){ .start = start, .len = len, .base = (uint8_t *)start + head };
	if (slot >= memory->n_slots_end)
		memory->n_slots_end = slot + 1;
	return 0;
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
	return slot;
}

int memory_restore(struct memory *memory, unsigned slot, int fd)
{
	return slot_map(memory, slot, fd);
}

int memory_remove(struct memory *memory, const struct vhost_user_region *region)
{
	for (unsigned i = 0; i < memory->n_slots_end; i++) {
		struct session_region *slot = &memory->slots[i];

		if (!memory->maps[i].start || slot->guest_addr != region->guest_addr ||
		    slot->user_addr != region->user_addr || slot->size != region->size)
			continue;
		slot_unmap(&memory->maps[i]);
		*slot = (struct session_region){ 0 };
		return i;
	}
	return -ENOENT;
}

bool memory_is_empty(const struct memory *memory)
{
	for (unsigned i = 0; i < memory->n_slots_end; i++) {
		if (memory->maps[i].start)
			return false;
	}
	return true;
}

/* The bytes at addr up to the end of their region, or NULL; *len is cut to what is there. */
static uint8_t *guest_span(struct memory *memory, struct guest_addr addr, size_t *len)
{
	for (unsigned n = 0; n < memory->n_slots_end; n++) {
		unsigned i = (memory->last + n) % memory->n_slots_end;
		const struct session_region *slot = &memory->slots[i];
		uint64_t offset = addr.value - slot->guest_addr;

		if (!memory->maps[i].start || addr.value < slot->guest_addr || offset >= slot->size)
			continue;
		if (*len > slot->size - offset)
			*len = slot->size - offset;
		memory->last = i;
		return memory->maps[i].base + offset;
	}
	return NULL;
}

int memory_read(struct memory *memory, struct guest_addr addr, void *data, size_t len)
{
	uint8_t *to = data;

	while (len > 0) {
		size_t n = len;
		const uint8_t *span = guest_span(memory, addr, &n);

		if (!span)
			return -EFAULT;
		memcpy(to, span, n);
		to += n;
		len -= n;
		addr.value += n;
	}
	return 0;
}

int memory_write(struct memory *memory, struct guest_addr addr, const void *data, size_t len)
{
	const uint8_t *from = data;

	while (len > 0) {
		size_t n = len;
		uint8_t *span = guest_span(memory, addr, &n);

		if (!span)
			return -EFAULT;
		memcpy(span, from, n);
		from += n;
		len -= n;
		addr.value += n;
	}
	return 0;
}

void *memory_resolve(struct memory *memory, struct user_addr addr, size_t len, size_t align)
{
	if (addr.value & (align - 1))
		return NULL;
	for (unsigned i = 0; i < memory->n_slots_end; i++) {
		const struct session_region *slot = &memory->slots[i];
		uint64_t offset = addr.value - slot->user_addr;
		uint8_t *p;

		if (!memory->maps[i].start || addr.value < slot->user_addr || offset >= slot->size)
			continue;
		p = memory->maps[i].base + offset;
		if (len > slot->size - offset || ((uintptr_t)p & (align - 1)))
			return NULL;
		return p;
	}
	return NULL;
}
