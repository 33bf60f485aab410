/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A queue's states (vhost-user.rst, "Ring states"). It runs when it has a layout and memory, a kick was seen, it is
 * enabled and not broken. A ring that goes on needs no kick: the driver has kicked for what is in flight, and for what a
 * back-end that died had not taken yet, and does not do so again (cloud-hypervisor does not either). queue_update()
 * compares that with what is, and starts or stops it; whoever changes one of them calls it. While it runs the device may
 * pop and push; it stops before memory, layout or fds change under it.
 */
#pragma once

#include "vhost/queue/queue.h"

/* queue is zeroed, or one that was used and deinited: who connects again and again has no new allowance of log lines. */
void queue_init(struct vhost_queue *queue, struct queue_host *host, unsigned index, struct session *session,
		const char *tag);
/* Stops without touching the guest's memory and closes the fds. The session's state stays. */
void queue_deinit(struct vhost_queue *queue);
/* Restores a ring that an earlier process had, with the fds that were stored (-1: none). -errno. */
int queue_restore(struct vhost_queue *queue, int kick_fd, int call_fd, int err_fd);

/* The fd (-1: none) becomes the queue's. -errno: it cannot be watched (it is closed). */
int queue_set_kick(struct vhost_queue *queue, int fd, bool polled);
void queue_set_call(struct vhost_queue *queue, int fd);
void queue_set_err(struct vhost_queue *queue, int fd);
/* VRING_KICK, a kick without an fd: the device looks at the ring at once. */
void queue_kick(struct vhost_queue *queue);

/* Starts or stops the queue as its state asks for. */
void queue_update(struct vhost_queue *queue);
/* Publishes what was pushed and stops; queue_update() may start it again. */
void queue_stop(struct vhost_queue *queue);
/* The ring is invalid: silent until it is set up anew; the front-end may listen on the err fd. */
void queue_break(struct vhost_queue *queue, const char *why);
/* Resolves the ring again after a change of the memory table. */
void queue_memory_changed(struct vhost_queue *queue);
/* The translation of these addresses changed, came or went: resolves, starts, goes on, stops. */
void queue_translated(struct vhost_queue *queue, uint64_t first, uint64_t last);
/* Goes on with what waits for a translation, if it has come. */
void queue_retry(struct vhost_queue *queue);
