/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A piece of a file that the front-end shares, mapped: any offset, but all of it inside the file. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct file_map {
	void *start; /* owned mapping, NULL when there is none */
	size_t len;
	uint8_t *base; /* where the piece begins in it */
};

/*
 * The fd stays the caller's. -EINVAL: the piece is empty, wraps around, or does not lie in its file, or that is no
 * regular file: no access to it can end in SIGBUS, but for a file that shrinks later. Another -errno: no mapping.
 */
int file_map_open(struct file_map *map, int fd, uint64_t offset, uint64_t size);
/* Idempotent. */
void file_map_close(struct file_map *map);
