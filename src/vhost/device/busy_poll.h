/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Busy polling: after work the rings are looked at for some time before the worker waits for a kick, and meanwhile the
 * driver is told that none is needed. What a guest gains is the exit that a kick costs it, and a wake-up of ours.
 *
 * How long, is found out: a window in which a chain came is doubled, up to the most that was asked for; one in which
 * none came is halved, and soon there is none. Then it is tried again now and then, ever more seldom, and at the end of a
 * burst at most twice the longest window was spent for nothing. Of 64 armed lines that are quiet nobody wakes up.
 *
 * Between two looks at everything else (connection, control, lines, signals) pass 50 microseconds at most and a turn of
 * the ring. Not polled are rings without a kick fd; rings whose driver was not seen to kick yet (first_look.h); and a
 * packed ring with indirect descriptors: Linux makes such a chain available before it can take the answer, so it has to
 * be left alone until its kick.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"
#include "vhost/queue/queue.h"

struct busy_poll {
	struct loop_before before;
	struct queue_host *host;
	struct vhost_queue *queues;
	uint64_t max_ns, window_ns;
	uint64_t until_ns;    /* 0: not polling */
	bool hit;	      /* a chain came in this window */
	uint32_t seen_popped; /* host->n_popped when it was over, or begun */
	uint32_t skip, skip_next;
};

/* Polls these queues from then on, if the ops ask for it. */
void busy_poll_init(struct busy_poll *poll, struct queue_host *host, struct vhost_queue *queues);
