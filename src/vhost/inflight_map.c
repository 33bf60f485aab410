/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The in-flight regions that a front-end gave. */
#include "vhost/inflight_map.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vhost/inflight.h"
#include "vhost/inflight_packed.h"

#define VERSION 1

static bool description_valid(const struct vhost_user_inflight *wire, int fd)
{
	struct stat st;

	if (wire->num_queues == 0 || wire->queue_size == 0 || wire->queue_size > VRING_SIZE_MAX)
		return false;
	/* Entries are aligned as the structs are. */
	if (wire->mmap_size == 0 || wire->mmap_offset % sizeof(uint64_t) != 0)
		return false;
	if (fstat(fd, &st) < 0 || st.st_size < 0)
		return false;
	return wire->mmap_offset <= (uint64_t)st.st_size && wire->mmap_size <= (uint64_t)st.st_size - wire->mmap_offset;
}

int inflight_map_open(struct inflight_map *map, const struct vhost_user_inflight *wire, int fd, unsigned n_queues)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t most = n_queues * inflight_packed_size(VRING_SIZE_MAX);
	uint64_t skip = wire->mmap_offset % page;
	void *start;

	if (!description_valid(wire, fd))
		return -EINVAL;
	*map = (struct inflight_map){
		.len = wire->mmap_size < most ? wire->mmap_size : most,
		.n_queues = wire->num_queues,
		.queue_size = wire->queue_size,
	};
	map->start_len = map->len + skip;
	start = mmap(NULL, map->start_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(wire->mmap_offset - skip));
	if (start == MAP_FAILED)
		return -errno;
	map->start = start;
	map->base = map->start;
	map->base += skip;
	return 0;
}

void inflight_map_close(struct inflight_map *map)
{
	if (map->start)
		munmap(map->start, map->start_len);
	*map = (struct inflight_map){ .start = NULL };
}

void *inflight_map_region(const struct inflight_map *map, unsigned queue, size_t (*region_size)(uint32_t n),
			  uint32_t size)
{
	size_t stride = region_size(map->queue_size);

	if (!map->start || queue >= map->n_queues || size > map->queue_size || stride * (queue + 1) > map->len)
		return NULL;
	return map->base + stride * queue;
}

void inflight_copy(void *to, const void *from, size_t len)
{
	const size_t head = sizeof(struct inflight_head);

	memset(to, 0, head);
	inflight_store_barrier();
	memcpy((char *)to + head, (const char *)from + head, len - head);
	inflight_store_barrier();
	memcpy(to, from, head);
}

uint16_t inflight_head_size(const void *region)
{
	const volatile struct inflight_head *head = region;

	return head->version == VERSION ? head->desc_num : 0;
}
