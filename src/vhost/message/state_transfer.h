/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Bytes to or from an fd of any kind, up to its end, without waiting for it: vhost-user.rst, "Migrating back-end
 * state". The end is said by closing (save) and is the end of file (load).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"

struct state_transfer {
	struct loop *loop;
	int fd; /* owned; -1: nothing is under way */
	struct loop_watch watch;
	struct loop_defer next; /* in place of watch: a regular file cannot be waited for */
	bool saving;
	uint8_t *data; /* owned */
	size_t len;    /* to be saved, or loaded so far */
	size_t at;     /* saved so far */
	size_t space, max;
	/* It is over: 0, or -errno (-EFBIG: more than max). data and len are what was loaded, until it returns. */
	void (*done)(struct state_transfer *transfer, int error);
};

void state_transfer_init(struct state_transfer *transfer, struct loop *loop,
			 void (*done)(struct state_transfer *transfer, int error));
/*
 * Begins, in place of what was under way. fd and data (of malloc()) are the transfer's, whatever the result. -errno: it
 * did not begin.
 */
int state_transfer_save(struct state_transfer *transfer, int fd, void *data, size_t len);
int state_transfer_load(struct state_transfer *transfer, int fd, size_t max);
/* Goes on as far as it goes without waiting; done() may be called. */
void state_transfer_drive(struct state_transfer *transfer);
/* Idempotent; done() is not called. */
void state_transfer_cancel(struct state_transfer *transfer);
static inline bool state_transfer_is_running(const struct state_transfer *transfer)
{
	return transfer->fd >= 0;
}
