/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A kick fd: an eventfd, or a pipe or a socket (vhost-user.rst, "Support for platforms other than Linux").
 *
 * An eventfd is watched for edges: each write to it is one, whatever is in it, so what is in it is read once and then
 * left there, which saves a system call a kick. It gets full at 2^64 - 1, and then KVM's ioeventfd, which never waits,
 * still wakes; a write(2) would wait, after as many kicks as nobody makes. Bytes of a pipe or a socket have to be taken.
 *
 * What a front-end calls a kick fd may be readable for ever (a pipe that is full). A driver kicks
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
	bool edges;	  /* an eventfd, or what else has no bytes to be taken */
	bool unread;	  /* what it came with */
	uint32_t in_vain; /* kicks since the last chain; whoever takes one sets it to 0 */
	void (*kicked)(struct kick *kick, uint64_t count);
};

/* kicked() is called for each kick, with what was read from the fd, 0 if nothing was. */
void kick_init(struct kick *kick, struct loop *loop, void (*kicked)(struct kick *kick, uint64_t count));
/* The fd (-1: none) takes the place of the one before. -errno: it cannot be watched (it is closed). */
int kick_open(struct kick *kick, int fd);
/* Idempotent. */
void kick_close(struct kick *kick);
/* What was kicked so far is over: whoever watches an eventfd next is not to find it. */
void kick_drain(struct kick *kick);
/* If there is a kick that may be the driver's first it is read now, and not later in this turn. */
void kick_take(struct kick *kick);
/* Whether there is a kick that was not read yet. */
bool kick_is_pending(const struct kick *kick);
