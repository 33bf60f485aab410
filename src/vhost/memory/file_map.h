/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A piece of a file that the front-end shares, mapped: any offset, but all of it inside the file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fd_kind.h"

struct file_map {
	void *start; /* owned mapping, NULL when there is none */
	size_t len;
	uint8_t *base;	   /* where the piece begins in it */
	uint64_t dev, ino; /* which file it is */
	int guard;	   /* valid while start is not NULL */
};

/* What the file is. -EINVAL: the piece is empty, wraps around, or does not lie in its file, or that is no regular file. */
int file_map_check(int fd, uint64_t offset, uint64_t size, struct fd_file *file);
/*
 * The fd stays the caller's. -EINVAL: as file_map_check(). Another -errno: no mapping. What its file loses later is
 * replaced, see sigbus_guard.h.
 */
int file_map_open(struct file_map *map, int fd, uint64_t offset, uint64_t size);
/* Whether something of it was lost. */
bool file_map_has_lost(const struct file_map *map);
/* Idempotent. */
void file_map_close(struct file_map *map);
