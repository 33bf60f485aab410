/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A queue: a ring with its fds and its states. Here, what runs while the ring does: chains out and in (vhost.h), calls.
 *
 * The files of this folder stand in this order, none calls one behind it: queue; deferred_write, layout, first_look with
 * kick; resume; start_stop. What queue has to say to those is told by queue_host.
 */
#pragma once

#include "base/log.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "vhost/memory/inflight_map.h"
#include "vhost/queue/kick.h"
#include "vhost/ring/format.h"
#include "vhost/state/session.h"
#include "vhost/vhost.h"

enum queue_notice {
	QUEUE_NOTICE_CALL,
	QUEUE_NOTICE_ERR,
	QUEUE_NOTICES,
};

/* Whether a kick of the driver is known of, see first_look.h. */
enum kick_unproven {
	KICK_PROVEN,
	KICK_UNPROVEN_UNREAD, /* the kick fd came with a kick in it */
	KICK_UNPROVEN_READ,   /* that one was read, and no other yet */
};

/* What the queues of a device share: the device owns it. */
struct queue_host {
	struct vhost_queue *queues;
	struct loop *loop;
	struct memory *memory;
	const struct inflight_map *inflight_map; /* the front-end's in-flight regions */
	const uint64_t *features;		 /* negotiated */
	uint32_t *progress;			 /* the session's */
	uint32_t n_popped;			 /* chains so far; wraps around */
	const struct vhost_ops *ops;
	void *ctx;
	/*
	 * Asks the front-end for the translation that memory missed; queue_translated() follows. False: that cannot be,
	 * or no translation is missing.
	 */
	bool (*ask)(struct queue_host *host);
	/* A ring that lies in memory is about to start; or only if it goes on, since it was not kicked yet. */
	void (*starting)(struct queue_host *host, bool kicked);
	/* A ring that ran before starts afresh: a new driver. Called before the start. */
	void (*restarted)(struct queue_host *host, struct vhost_queue *queue);
	/* A queue runs from now on. */
	void (*started)(struct queue_host *host, struct vhost_queue *queue);
	/* A call, or an error, that there is no fd for. */
	void (*notify)(struct queue_host *host, struct vhost_queue *queue, enum queue_notice notice);
	/* What the driver left in the ring is invalid: queue_break() is to be called. */
	void (*broken)(struct vhost_queue *queue, const char *why);
};

struct vhost_queue {
	struct queue_host *host;
	unsigned index;
	char tag[48];
	struct session_ring *state;
	void *inflight; /* a region of vhost-user.rst, "Inflight I/O tracking", for rings up to VRING_SIZE_MAX: our own */
	struct ring ring; /* valid while running */
	bool running;
	bool polled;			    /* the ring is looked at all the time: no kicks are asked for */
	bool pushed;			    /* since it was last published */
	bool signal_once;		    /* a call may have been lost in a crash, or could not be made yet */
	bool notice_pending[QUEUE_NOTICES]; /* notify() could not send it yet */
	uint32_t budget;		    /* chains that may still be popped in this turn */
	uint16_t *requeued; /* owned: heads that were in flight when the queue started, to be popped once more */
	uint16_t n_requeued, next_requeued;
	bool waits;				 /* for a translation: the chain of this head comes first then */
	uint16_t waiting;			 /* it is in flight */
	struct session_deferred_write *deferred; /* by head, in the session */
	uint32_t n_deferred;
	struct kick kick;
	enum kick_unproven kick_unproven;
	int call_fd, err_fd;	/* owned */
	struct loop_timer poll; /* without a kick fd; or for a kick that may not come */
	struct loop_defer ready, flush;
	struct log_limit log_limit;
};

/* The format that the negotiated features ask for. */
static inline const struct ring_ops *queue_ring_ops(const struct vhost_queue *queue)
{
	return ring_format(*queue->host->features & VIRTIO_F_RING_PACKED);
}

/* From now on the ring is looked at all the time; until then. True: there is a chain that no kick will come for. */
void queue_poll_begin(struct vhost_queue *queue);
bool queue_poll_end(struct vhost_queue *queue);
/* Lets the device look at the ring now, if it runs. */
void queue_dispatch(struct vhost_queue *queue);
/* The same for a chain of another queue, see vhost_queue_look(). */
void queue_dispatch_for(struct vhost_queue *queue, struct vhost_queue *other, uint32_t chains);
/* Lets the device do now what was in flight when the ring started and was not looked at yet. */
void queue_finish(struct vhost_queue *queue);
/* Lets the device look at the ring at the end of this turn. */
void queue_ready_later(struct vhost_queue *queue);
/* Calls the driver. */
void queue_signal(struct vhost_queue *queue);
/* Publishes what was pushed and is not published yet, and calls the driver if it wants that. The queue runs. */
void queue_flush(struct vhost_queue *queue);
