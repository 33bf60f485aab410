/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* memfd regions and their addresses. */
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failure.h"

void memory_init_default(struct memory *memory)
{
	*memory = (struct memory){ 0 };
	memory_add(memory, MEMORY_DEFAULT_BASE, 0x7f1200000000ull, MEMORY_DEFAULT_SIZE, 0);
	memory_add(memory, MEMORY_DEFAULT_BASE + MEMORY_DEFAULT_SIZE, 0x7e3400000000ull, MEMORY_DEFAULT_SIZE, 0x3000);
}

static void region_map(struct memory_region *region)
{
	const struct vu_region *wire = &region->wire;
	void *map;

	region->fd = memfd_create("guest", MFD_CLOEXEC);
	if (region->fd < 0 || ftruncate(region->fd, (off_t)(wire->size + wire->mmap_offset)) < 0)
		failure("memfd: %s", strerror(errno));
	map = mmap(NULL, wire->size, PROT_READ | PROT_WRITE, MAP_SHARED, region->fd, (off_t)wire->mmap_offset);
	if (map == MAP_FAILED)
		failure("mmap: %s", strerror(errno));
	region->map = map;
}

static void region_unmap(const struct memory_region *region)
{
	munmap(region->map, region->wire.size);
	close(region->fd);
}

unsigned memory_add(struct memory *memory, uint64_t guest_addr, uint64_t user_addr, uint64_t size, uint64_t mmap_offset)
{
	struct memory_region *region = &memory->regions[memory->n_regions];

	if (memory->n_regions == MEMORY_REGIONS_MAX)
		failure("too many regions");
	region->wire = (struct vu_region){
		.guest_addr = guest_addr, .size = size, .user_addr = user_addr, .mmap_offset = mmap_offset
	};
	region->taken = 0;
	region_map(region);
	return memory->n_regions++;
}

void memory_rehome(struct memory *memory, unsigned region, uint64_t mmap_offset)
{
	struct memory_region old = memory->regions[region];

	memory->regions[region].wire.mmap_offset = mmap_offset;
	region_map(&memory->regions[region]);
	memcpy(memory->regions[region].map, old.map, old.wire.size);
	region_unmap(&old);
}

void memory_deinit(struct memory *memory)
{
	for (unsigned i = 0; i < memory->n_regions; i++)
		region_unmap(&memory->regions[i]);
	memory->n_regions = 0;
}

void memory_table(const struct memory *memory, struct vu_region *regions, int *fds)
{
	for (unsigned i = 0; i < memory->n_regions; i++) {
		regions[i] = memory->regions[i].wire;
		fds[i] = memory->regions[i].fd;
	}
}

uint64_t memory_alloc(struct memory *memory, unsigned region, uint64_t size, uint64_t align)
{
	struct memory_region *r = &memory->regions[region];
	uint64_t at = (r->taken + align - 1) & ~(align - 1);

	if (region >= memory->n_regions || at + size > r->wire.size)
		failure("guest memory region %u is full", region);
	r->taken = at + size;
	return r->wire.guest_addr + at;
}

static const struct memory_region *region_find(const struct memory *memory, uint64_t guest_addr)
{
	for (unsigned i = 0; i < memory->n_regions; i++) {
		const struct memory_region *region = &memory->regions[i];

		if (guest_addr >= region->wire.guest_addr && guest_addr - region->wire.guest_addr < region->wire.size)
			return region;
	}
	failure("guest address 0x%llx is not in memory", (unsigned long long)guest_addr);
}

void *memory_at(const struct memory *memory, uint64_t guest_addr, uint64_t len)
{
	const struct memory_region *region = region_find(memory, guest_addr);
	uint64_t offset = guest_addr - region->wire.guest_addr;

	if (len > region->wire.size - offset)
		failure("guest range 0x%llx + 0x%llx leaves its region", (unsigned long long)guest_addr,
			(unsigned long long)len);
	return region->map + offset;
}

uint64_t memory_user_addr(const struct memory *memory, uint64_t guest_addr)
{
	const struct memory_region *region = region_find(memory, guest_addr);

	return region->wire.user_addr + (guest_addr - region->wire.guest_addr);
}

void memory_read(const struct memory *memory, uint64_t guest_addr, void *data, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		((uint8_t *)data)[i] = *(uint8_t *)memory_at(memory, guest_addr + i, 1);
}

void memory_write(const struct memory *memory, uint64_t guest_addr, const void *data, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		*(uint8_t *)memory_at(memory, guest_addr + i, 1) = ((const uint8_t *)data)[i];
}

uint64_t memory_sum(const struct memory *memory, uint64_t guest_addr, uint64_t len)
{
	const uint8_t *bytes = memory_at(memory, guest_addr, len);
	uint64_t sum = 0xcbf29ce484222325ull;

	for (uint64_t i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3ull;
	return sum;
}
