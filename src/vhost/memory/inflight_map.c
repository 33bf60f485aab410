/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The in-flight regions that a front-end gave. */
#include "vhost/memory/inflight_map.h"

#include <errno.h>

#include "vhost/state/inflight_packed.h"

static bool description_valid(const struct vhost_user_inflight *wire)
{
	/* Entries are aligned as the structs are. */
	return wire->num_queues > 0 && wire->queue_size > 0 && wire->queue_size <= VRING_SIZE_MAX &&
	       wire->mmap_size > 0 && wire->mmap_offset % sizeof(uint64_t) == 0;
}

int inflight_map_open(struct inflight_map *map, const struct vhost_user_inflight *wire, int fd, unsigned n_queues)
{
	const uint64_t most = n_queues * inflight_packed_size(VRING_SIZE_MAX);
	struct fd_file file;
	int r;

	*map = (struct inflight_map){
		.len = wire->mmap_size < most ? wire->mmap_size : most,
		.n_queues = wire->num_queues,
		.queue_size = wire->queue_size,
	};
	r = description_valid(wire) ? file_map_check(fd, wire->mmap_offset, wire->mmap_size, &file) : -EINVAL;
	return r < 0 ? r : file_map_open(&map->file, fd, wire->mmap_offset, map->len);
}

void inflight_map_close(struct inflight_map *map)
{
	file_map_close(&map->file);
	*map = (struct inflight_map){ .len = 0 };
}

void *inflight_map_region(const struct inflight_map *map, unsigned queue, size_t (*region_size)(uint32_t n),
			  uint32_t size)
{
	size_t stride = region_size(map->queue_size);

	if (!map->file.start || queue >= map->n_queues || size > map->queue_size || stride * (queue + 1) > map->len)
		return NULL;
	return map->file.base + stride * queue;
}
