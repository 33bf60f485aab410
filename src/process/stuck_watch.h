/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Whether a worker still does its work, seen from outside: a front-end that waits to be accepted, or one that has hung up,
 * for STUCK_WATCH_TICKS seconds without a sign of life has a worker that is stuck. It may have been stopped, go round in
 * circles, or wait for something of its guest's.
 *
 * It costs nothing while nobody waits: each fd is watched for one event only; that starts a look a second, as long as it
 * is true. A second is one of the supervisor's: when all processes stood still, as in a frozen group, nobody is to blame.
 *
 * Signs of life: connections that it took, answers that it gave, messages to the supervisor. A worker in a guest's hand may
 * give signs that mean nothing: it keeps its own guest's socket with that. One that starts has more time, for it has not
 * begun to look: chips may be slow.
 */
#pragma once

#include <stdint.h>

#include "loop/loop.h"
#include "loop/timer.h"

#define STUCK_WATCH_TICKS	5
#define STUCK_WATCH_START_TICKS 30

enum stuck_watch_reason {
	STUCK_WATCH_WAITING, /* a front-end, to be accepted */
	STUCK_WATCH_HUNG_UP, /* a front-end, to be let go */
	STUCK_WATCH_SHUT,    /* nobody can come: the worker has shut down the listening socket */
	STUCK_WATCH_REASONS,
};

/* What a worker has done so far; which numbers they are is of no meaning. */
struct stuck_watch_signs {
	uint32_t accepts, progress;
};

struct stuck_watch {
	struct loop *loop;	      /* NULL: there is no worker to watch */
	int listen_fd, connection_fd; /* the caller's; -1: none */
	/* The worker's signs of life; and its end is due. */
	struct stuck_watch_signs (*signs)(const struct stuck_watch *watch);
	void (*stuck)(struct stuck_watch *watch, enum stuck_watch_reason reason);
	struct loop_watch listening, connection;
	struct loop_timer tick;
	unsigned ticks[STUCK_WATCH_SHUT]; /* by reason: so many in a row */
	struct stuck_watch_signs first, last;
	uint32_t messages, last_messages;
};

/* A worker is about to start: it cannot have given a sign yet. signs is set. */
void stuck_watch_prepare(struct stuck_watch *watch);
/* It has started. signs and stuck are set; connection_fd: that of its front-end; -1: none. */
void stuck_watch_begin(struct stuck_watch *watch, struct loop *loop, int listen_fd, int connection_fd);
/* It has another front-end from now on; -1: none. To be called before the fd of the one before is closed. */
void stuck_watch_connection(struct stuck_watch *watch, int connection_fd);
/* It sent a message. */
static inline void stuck_watch_message(struct stuck_watch *watch)
{
	watch->messages++;
}
/* It has ended, or is about to. Idempotent. */
void stuck_watch_end(struct stuck_watch *watch);
