/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A kick fd: an eventfd, or a pipe or a socket (vhost-user.rst, "Support for platforms other than Linux").
 *
 * What a front-end calls a kick fd may be readable for ever (a pipe that is full, /dev/urandom, a timer). A driver kicks
 * for chains; when kicks have brought none for long, the next one waits a little: that is not felt by anybody who
 * means it, and no processor is kept busy for nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"
#include "loop/timer.h"

struct kick {
	int fd; /* owned; -1: none */
	struct loop *loop;
	struct loop_watch watch;
	struct loop_timer pause;
	uint32_t in_vain; /* kicks since the last chain; whoever takes one sets it to 0 */
	void (*kicked)(struct kick *kick, uint64_t count);
};

/* kicked() is called for each kick, with what was read from the fd. */
void kick_init(struct kick *kick, struct loop *loop, void (*kicked)(struct kick *kick, uint64_t count));
/* The fd (-1: none) takes the place of the one before. -errno: it cannot be watched (it is closed). */
int kick_open(struct kick *kick, int fd);
/* Idempotent. */
void kick_close(struct kick *kick);
/* If there is a kick it is read now, and not later in this turn. */
void kick_take(struct kick *kick);
/* Whether there is a kick that was not read yet. */
bool kick_is_pending(const struct kick *kick);
