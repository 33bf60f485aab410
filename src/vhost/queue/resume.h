/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Whether a ring goes on where it stopped, or begins. What is in flight either way.
 *
 * The ring resumes when it has the format and the size that it ran with last, from the position where it stopped, and
 * memory says nothing else (see recover() and looks_new() in ring.h): then what was in flight is still in flight. Else
 * it is a fresh ring (a reset of the guest, another driver): nothing is in flight.
 */
#pragma once

#include "vhost/queue/queue.h"

/* Whether the ring, which is not resolved yet, is set up to go on, and there is any region that it could go on from. */
bool queue_may_resume(const struct vhost_queue *queue);
/* Whether the ring, resolved, goes on where it stopped: what is in flight is in queue->requeued then. */
bool queue_resumes(struct vhost_queue *queue, uint16_t *n_requeued);
/* Else it begins. -EINVAL: the base is invalid. */
int queue_begin(struct vhost_queue *queue);
/*
 * Whether a ring of a front-end that has reconnected is the one that was saved: its heads in flight come to heads (space
 * for the ring's size), how many to n. NULL, or why not.
 */
const char *queue_differs(const struct vhost_queue *queue, const struct session_ring *saved, struct ring *ring,
			  uint16_t *heads, uint16_t *n);
/* Nothing is known of this ring any more but its layout: the next start is a first one. */
void queue_forget(struct vhost_queue *queue);
/* The same, after a reset: what the front-end's in-flight region says of this ring is of before. */
void queue_reset(struct vhost_queue *queue);
/* The position that GET_VRING_BASE returns. */
uint32_t queue_base(const struct vhost_queue *queue);
/*
 * Where a run of this format and size is tracked: in the front-end's region when there is one with enough space, else in
 * the session's own.
 */
void *queue_inflight(const struct vhost_queue *queue, const struct ring_ops *ops, uint32_t size);
/* Before these regions take the place of the present ones: what was in flight when the ring stopped is so there, too. */
void queue_carry_inflight(struct vhost_queue *queue, const struct inflight_map *to);
