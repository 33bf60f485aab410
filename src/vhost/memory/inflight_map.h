/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The in-flight regions that a front-end gave (SET_INFLIGHT_FD): vhost-user.rst, "Inflight I/O tracking", one for each
 * queue, one behind the other. It survives us there, and a front-end that connects again gives it back.
 *
 * The front-end may write into it at any time: what is read is read once, and checked.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "vhost/memory/file_map.h"
#include "vhost/wire.h"

struct inflight_map {
	struct file_map file; /* owned; start is NULL: there is none */
	size_t len;	      /* of what is mapped, from file.base on */
	uint16_t n_queues;
	uint16_t queue_size; /* descriptors that each region is for */
};

/*
 * Maps as many regions as there are queues, at most. The fd stays the caller's. -EINVAL: the description is
 * invalid or does not lie in its file; another -errno: it cannot be mapped.
 */
int inflight_map_open(struct inflight_map *map, const struct vhost_user_inflight *wire, int fd, unsigned n_queues);
/* Idempotent. */
void inflight_map_close(struct inflight_map *map);
/* The region of a queue for a ring of this size; NULL: there is none, or it is too small. */
void *inflight_map_region(const struct inflight_map *map, unsigned queue, size_t (*region_size)(uint32_t n),
			  uint32_t size);
