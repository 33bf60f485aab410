/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A queue: a ring with its fds and its states.
 *
 * States (vhost-user.rst, "Ring states"). A queue runs when it has addresses and memory, a kick was seen, it is enabled
 * and not broken. queue_update() compares that with what is, and starts or stops it; whoever changes one of them calls
 * it. While it runs the device may pop and push; it stops before memory, addresses or fds change under it.
 *
 * Start. The ring resumes when it has the format and the size that it ran with last, from the position where it stopped,
 * and memory says nothing else (see recover() and looks_new() in ring.h): then what was in flight is still in flight.
 * Else it is a fresh ring (a reset of the guest, another driver): nothing is in flight.
 */
#pragma once

#include "base/log.h"
#include "loop/loop.h"
#include "vhost/memory/inflight_map.h"
#include "vhost/ring/ring.h"
#include "vhost/state/session.h"
#include "vhost/vhost.h"

enum queue_notice {
	QUEUE_NOTICE_CALL,
	QUEUE_NOTICE_ERR,
	QUEUE_NOTICES,
};

/* Whether a kick of the driver is known of, see first_look.c. */
enum kick_unproven {
	KICK_PROVEN,
	KICK_UNPROVEN_UNREAD, /* the kick fd came with a kick in it */
	KICK_UNPROVEN_READ,   /* that one was read, and no other yet */
};

/* What the queues of a device share: the device owns it. */
struct queue_host {
	struct loop *loop;
	struct memory *memory;
	const struct inflight_map *inflight_map; /* the front-end's in-flight regions */
	const uint64_t *features;		 /* negotiated */
	const struct vhost_ops *ops;
	void *ctx;
	struct dirty_log *dirty_log;
	/*
	 * Asks the front-end for the translation that memory missed; queue_translated() follows. False: that can not be,
	 * or no translation is missing.
	 */
	bool (*ask)(struct queue_host *host);
	/* A ring that lies in memory is about to start. */
	void (*starting)(struct queue_host *host);
	/* A ring that ran before starts afresh: a new driver. Called before the start. */
	void (*restarted)(struct queue_host *host, struct vhost_queue *queue);
	/* A queue runs from now on. */
	void (*started)(struct queue_host *host, struct vhost_queue *queue);
	/* A call, or an error, that there is no fd for. */
	void (*notify)(struct queue_host *host, struct vhost_queue *queue, enum queue_notice notice);
};

struct vhost_queue {
	struct queue_host *host;
	unsigned index;
	char tag[48];
	struct session_ring *state;
	void *inflight; /* a region of vhost-user.rst, "Inflight I/O tracking", for rings up to VRING_SIZE_MAX: our own */
	struct ring ring; /* valid while running */
	bool running;
	bool signal_once;		    /* a call may have been lost in a crash, or could not be made yet */
	bool notice_pending[QUEUE_NOTICES]; /* notify() could not send it yet */
	uint32_t budget;		    /* chains that may still be popped in this turn */
	uint16_t *requeued; /* owned: heads that were in flight when the queue started, to be popped again */
	uint16_t n_requeued, next_requeued;
	bool waits;				 /* for a translation: the chain of this head comes first then */
	uint16_t waiting;			 /* it is in flight */
	struct session_deferred_write *deferred; /* by head, in the session */
	uint32_t n_deferred;
	int kick_fd, call_fd, err_fd; /* owned */
	struct loop_watch kick_watch;
	struct loop_timer kick_pause;
	uint32_t kicks_in_vain; /* since the last chain */
	enum kick_unproven kick_unproven;
	struct loop_timer poll; /* without a kick fd; or for a kick that may not come */
	struct loop_defer ready, flush;
	struct log_limit log_limit;
};

/* queue is zeroed, or one that was used and deinited: who connects again and again has no new allowance of log lines. */
void queue_init(struct vhost_queue *queue, struct queue_host *host, unsigned index, struct session *session,
		const char *tag);
/* Stops without touching the guest's memory and closes the fds. The session's state stays. */
void queue_deinit(struct vhost_queue *queue);

/* Takes over a ring that an earlier process had, with the fds that were kept (-1: none). -errno. */
int queue_restore(struct vhost_queue *queue, int kick_fd, int call_fd, int err_fd);

/* VRING_KICK: the device looks at the ring at once, and what it pushed is published. */
void queue_kick(struct vhost_queue *queue);
/* Lets the device look at the ring now, if it runs. */
void queue_dispatch(struct vhost_queue *queue);
/* Lets the device do now what was in flight when the ring started and was not looked at yet. */
void queue_finish(struct vhost_queue *queue);
/* Lets the device look at the ring at the end of this turn. */
void queue_ready_later(struct vhost_queue *queue);
/* Calls the driver. */
void queue_signal(struct vhost_queue *queue);
/* Publishes what was pushed and is not published yet, and calls the driver if it wants that. */
void queue_flush(struct vhost_queue *queue);
/* Starts or stops the queue as its state asks for. */
void queue_update(struct vhost_queue *queue);
/* Publishes what was pushed and stops; queue_update() may start it again. */
void queue_stop(struct vhost_queue *queue);
/* Resolves the ring again after a change of the memory table. */
void queue_memory_changed(struct vhost_queue *queue);
/* The translation of these addresses changed, came or went: resolves, starts, goes on, stops. */
void queue_translated(struct vhost_queue *queue, uint64_t first, uint64_t last);
/* Goes on with what waits for a translation, if it has come. */
void queue_retry(struct vhost_queue *queue);
/* What the ring writes of its own is marked from now on as place.flags, place.log say. */
void queue_set_log(struct vhost_queue *queue);

/* deferred_write.c: what was to be written into held chains whose buffers are not translated now. */
/* Forgets all: nothing is in flight. */
void deferred_write_clear(struct vhost_queue *queue);
void deferred_write_add(struct vhost_queue *queue, const struct vhost_parked *parked, const void *data, size_t len);
/* Takes those that an earlier run left out of the heads that are popped again. */
void deferred_write_restore(struct vhost_queue *queue);
/* Writes and returns what can be. */
void deferred_write_run(struct vhost_queue *queue);

/* kick.c: the kick fd is not looked at any more. */
void kick_unwatch(struct vhost_queue *queue);

/* first_look.c: a ring starts, and the kick that started it may not be the driver's. */
/* A kick fd came, or went. */
void first_look_fd(struct vhost_queue *queue);
/* That much was read from it. */
void first_look_kicked(struct vhost_queue *queue, uint64_t count);
/* Lets the device look at a ring that has just started, when that is right. */
void first_look(struct vhost_queue *queue);

/* place.c */
/* The ring in its place. -errno: it does not lie in memory, or a translation is missing (memory->missed). */
int queue_resolve(struct vhost_queue *queue);

/* resume.c */
/* Whether the ring, resolved, goes on where it stopped: what is in flight is in queue->requeued then. */
bool queue_resumes(struct vhost_queue *queue, uint16_t *n_requeued);
/* Else it begins. -EINVAL: the base makes no sense. */
int queue_begin(struct vhost_queue *queue);
/* Nothing is known of this ring any more but its place: the next start is a first one. */
void queue_forget(struct vhost_queue *queue);
/* The same, after a reset: what the front-end's in-flight region says of this ring is of before. */
void queue_reset(struct vhost_queue *queue);
/*
 * Where a run of this format and size is tracked: in the front-end's region when there is one with enough room, else in
 * the session's own.
 */
void *queue_inflight(const struct vhost_queue *queue, const struct ring_ops *ops, uint32_t size);
/* Where its ring lies, that was resolved. */
struct session_locations queue_locations(const struct vhost_queue *queue, const struct ring *ring);
/* Before these regions take the place of the present ones: what was in flight when the ring stopped is so there, too. */
void queue_carry_inflight(struct vhost_queue *queue, const struct inflight_map *to);
/* The position that GET_VRING_BASE returns. */
uint32_t queue_base(const struct vhost_queue *queue);
/* The ring makes no sense: silent until it is set up anew. Returns -EIO. */
int queue_break(struct vhost_queue *queue, const char *why);
/* The format that the negotiated features ask for. */
const struct ring_ops *queue_ring_ops(const struct vhost_queue *queue);

/* The fd (-1: none) becomes the queue's. -errno: it can not be watched (it is closed). */
int queue_set_kick(struct vhost_queue *queue, int fd, bool polled);
void queue_set_call(struct vhost_queue *queue, int fd);
void queue_set_err(struct vhost_queue *queue, int fd);
