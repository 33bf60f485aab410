/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The dirty log of a migration: a bitmap in memory of the front-end, a bit for each page of 4 KiB of guest-physical
 * memory. A page is marked after it was written: the front-end clears the bit first and copies the page then.
 * vhost-user.rst, "Migration".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "loop/loop.h"
#include "vhost/memory/file_map.h"
#include "vhost/state/session.h"

#define DIRTY_PAGE	   4096u
#define DIRTY_LOG_SIZE_MAX (1ull << 37) /* bytes: a bit for each page of 52-bit addresses */

struct dirty_log {
	struct session_log *state; /* where the log lies in its file, in the session */
	struct loop *loop;
	const char *tag;
	struct file_map map;
	bool on;       /* VHOST_F_LOG_ALL is negotiated */
	bool reported; /* that a page lies beyond the log */
	int call_fd;   /* owned: signalled at the end of a turn in which a bit was set; -1: none */
	struct loop_defer signal;
	struct log_limit log_limit;
};

void dirty_log_init(struct dirty_log *log, struct session_log *state, struct loop *loop, const char *tag);
/* Unmaps the log and closes the fd; what the session says of it stays. */
void dirty_log_deinit(struct dirty_log *log);

/* Takes this log in place of the one there was. The fd stays the caller's. -errno as of file_map_open(). */
int dirty_log_set(struct dirty_log *log, int fd, uint64_t offset, uint64_t size);
/* Maps the log that an earlier process had. -errno. */
int dirty_log_restore(struct dirty_log *log, int fd);
/* The fd (-1: none) becomes the log's. */
void dirty_log_set_call(struct dirty_log *log, int fd);

/* These guest-physical bytes were written. Nothing while logging is off or there is no log. */
void dirty_log_mark(struct dirty_log *log, uint64_t addr, size_t len);

/* What a ring marks of its own writes: the part of it that the device writes begins at addr in the log. */
struct dirty_log_ring {
	struct dirty_log *dirty_log; /* NULL: the ring is not logged */
	uint64_t addr;
	/* Of the descriptors, which the device writes in a packed ring: where they are, no message tells another. */
	uint64_t desc_addr;
};

static inline void dirty_log_mark_desc(const struct dirty_log_ring *ring, size_t offset, size_t len)
{
	if (ring->dirty_log)
		dirty_log_mark(ring->dirty_log, ring->desc_addr + offset, len);
}

static inline void dirty_log_mark_ring(const struct dirty_log_ring *ring, size_t offset, size_t len)
{
	if (ring->dirty_log)
		dirty_log_mark(ring->dirty_log, ring->addr + offset, len);
}
