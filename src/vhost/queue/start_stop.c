/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A queue's states: set up, started, stopped, broken. */
#include "vhost/queue/start_stop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/timed_io.h"
#include "base/util.h"
#include "loop/timer.h"
#include "vhost/queue/deferred_write.h"
#include "vhost/queue/first_look.h"
#include "vhost/queue/layout.h"
#include "vhost/queue/resume.h"

/* How often a ring is looked at whose front-end gives no kick fd (SET_VRING_KICK with bit 8). */
#define POLL_INTERVAL_NS (1000ull * 1000)
/* Until a ring is started again for which there was no memory. */
#define RETRY_NS (100ull * 1000 * 1000)

static void requeued_free(struct vhost_queue *queue)
{
	free(queue->requeued);
	queue->requeued = NULL;
}

/* From running to not running, whatever becomes of the ring. */
static void queue_end(struct vhost_queue *queue)
{
	queue->running = false;
	queue_poll_end(queue); /* whoever has the ring next may wait for a kick */
	queue->waits = false;  /* in flight, like all that is held */
	queue->state->fingerprint = queue->ring.ops->fingerprint(&queue->ring);
	loop_defer_del(&queue->ready);
	loop_defer_del(&queue->flush);
	loop_timer_del(&queue->poll);
	/* Nothing is told of a ring that does not run; the driver is called when it resumes. */
	if (queue->notice_pending[QUEUE_NOTICE_CALL])
		queue->signal_once = true;
	queue->notice_pending[QUEUE_NOTICE_CALL] = false;
	requeued_free(queue);
	if (queue->host->ops->queue_stop)
		queue->host->ops->queue_stop(queue->host->ctx, queue->index);
}

void queue_stop(struct vhost_queue *queue)
{
	if (!queue->running)
		return;
	queue_flush(queue);
	log_debug(queue->tag, "stopped at 0x%x", queue->state->position);
	queue_end(queue);
}

void queue_break(struct vhost_queue *queue, const char *why)
{
	const uint64_t one = 1;
	ssize_t n;

	log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag, "ring broken: %s", why);
	queue->state->broken = 1;
	queue_stop(queue);
	if (queue->err_fd < 0) {
		queue->host->notify(queue->host, queue, QUEUE_NOTICE_ERR);
		return;
	}
	n = timed_write(queue->err_fd, &one, sizeof(one));
	if (n < 0)
		log_debug(queue->tag, "err fd: %s", strerror((int)-n));
}

static void on_poll(struct loop_timer *timer)
{
	queue_dispatch(container_of(timer, struct vhost_queue, poll));
}

/* A ring that nobody used yet has nothing to go on with: it is as good as a new one, see first_look.h. */
static bool was_used(const struct vhost_queue *queue)
{
	const struct ring *ring = &queue->ring;

	return queue->n_requeued > 0 || ring->ops->position(ring) != ring->ops->position_of_new;
}

/* The ring in its place, at its position. -errno: it cannot run. -EAGAIN: not yet. */
static int ring_start(struct vhost_queue *queue)
{
	struct session_ring *state = queue->state;
	const struct ring_ops *ops = queue_ring_ops(queue);
	struct ring *ring = &queue->ring;
	bool resumes;

	ring_init(ring, ops, *queue->host->features, queue_inflight(queue, ops, state->layout.size));
	if (!ops->size_valid(state->layout.size)) {
		queue_break(queue, ops->size_rule);
		return -EINVAL;
	}
	if (queue_resolve(queue) < 0) {
		if (queue->host->ask(queue->host))
			return -EAGAIN;
		if (state->started)
			log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag, "ring not in guest memory");
		return -EFAULT;
	}
	queue->host->starting(queue->host, state->started);
	queue->requeued = malloc(ring->size * sizeof(*queue->requeued));
	if (!queue->requeued)
		return -ENOMEM;
	queue->n_requeued = queue->next_requeued = 0;
	resumes = queue_resumes(queue, &queue->n_requeued);
	if (!state->started && !(resumes && was_used(queue))) {
		requeued_free(queue);
		return -EAGAIN;
	}
	if (resumes) {
		queue->kick_unproven = KICK_PROVEN;
		if (queue->signal_once)
			queue_signal(queue);
	} else if (queue_begin(queue) < 0) {
		requeued_free(queue);
		queue_break(queue, "invalid base");
		return -EINVAL;
	}
	return 0;
}

static void on_retry(struct loop_timer *timer)
{
	loop_timer_del(timer);
	queue_update(container_of(timer, struct vhost_queue, poll));
}

static void queue_start(struct vhost_queue *queue)
{
	struct session_ring *state = queue->state;
	struct ring *ring = &queue->ring;

	int r = ring_start(queue);

	if (r == -ENOMEM)
		loop_timer_set(queue->host->loop, &queue->poll, RETRY_NS, 0, on_retry);
	if (r < 0)
		return;
	loop_timer_del(&queue->poll);
	state->ran = state->layout;
	state->locations = queue_locations(queue, ring);
	state->packed = ring->ops == &packed_ops;
	state->position = ring->ops->position(ring);
	state->has_run = state->started = 1;
	state->has_base = 0;
	state->transferred = state->reconnected = 0;
	queue->running = true;
	deferred_write_restore(queue);
	log_debug(queue->tag, "started: %s, %u entries, from 0x%x, %u in flight", ring->ops->name, ring->size,
		  state->position, queue->n_requeued);
	queue->host->started(queue->host, queue);

	if (queue->host->ops->queue_start)
		queue->host->ops->queue_start(queue->host->ctx, queue->index, queue);
	if (state->kick == SESSION_KICK_POLLED)
		loop_timer_set(queue->host->loop, &queue->poll, POLL_INTERVAL_NS, POLL_INTERVAL_NS, on_poll);
	deferred_write_run(queue);
	first_look(queue);
}

void queue_update(struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;
	bool run = state->layout.size > 0 && state->has_addr && state->kick != SESSION_KICK_NONE && state->enabled &&
		   !state->broken && !memory_is_empty(queue->host->memory);

	if (!run)
		queue_stop(queue);
	else if (!queue->running && (state->started || queue_may_resume(queue)))
		queue_start(queue);
}

void queue_retry(struct vhost_queue *queue)
{
	queue_update(queue);
	if (!queue->running)
		return;
	deferred_write_run(queue);
	if (queue->waits)
		queue_ready_later(queue);
}

void queue_memory_changed(struct vhost_queue *queue)
{
	if (queue->running && queue_resolve(queue) < 0) {
		queue->polled = false; /* it is nowhere */
		queue_stop(queue);
	}
	if (queue->running)
		queue->state->locations = queue_locations(queue, &queue->ring);
	queue_update(queue);
}

void queue_translated(struct vhost_queue *queue, uint64_t first, uint64_t last)
{
	if (queue->running && queue_overlaps(queue, first, last))
		queue_memory_changed(queue);
	queue_retry(queue);
}

static void on_kicked(struct kick *kick, uint64_t count)
{
	struct vhost_queue *queue = container_of(kick, struct vhost_queue, kick);

	if (queue->kick_unproven != KICK_PROVEN)
		first_look_kicked(queue, count);
	queue->state->started = 1;
	if (queue->running)
		queue_dispatch(queue);
	else
		queue_update(queue);
}

void queue_init(struct vhost_queue *queue, struct queue_host *host, unsigned index, struct session *session,
		const char *tag)
{
	const struct log_limit limit = queue->log_limit;

	memset(queue, 0, sizeof(*queue));
	queue->log_limit = limit;
	queue->host = host;
	queue->index = index;
	queue->state = &session->rings[index];
	queue->inflight = session_inflight(session, index);
	queue->deferred = session_deferred_writes(session, host->ops->n_queues, index);
	queue->call_fd = queue->err_fd = -1;
	kick_init(&queue->kick, host->loop, on_kicked);
	snprintf(queue->tag, sizeof(queue->tag), "%s/queue%u", tag, index);
}

void queue_deinit(struct vhost_queue *queue)
{
	if (queue->running)
		queue_end(queue);
	loop_timer_del(&queue->poll);
	kick_close(&queue->kick);
	fd_close(&queue->call_fd);
	fd_close(&queue->err_fd);
}

/*
 * The next run needs none of this one's kicks to go on, and to a new driver they would look like its own. (At the end of
 * a connection they stay: the next one may have begun, and kicked the same eventfd.)
 */
static void kicks_end(struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;

	if (state->has_run && state->position != ring_format(state->packed)->position_of_new)
		kick_drain(&queue->kick);
}

int queue_set_kick(struct vhost_queue *queue, int fd, bool polled)
{
	int r;

	queue_stop(queue);
	kicks_end(queue);
	r = kick_open(&queue->kick, fd);
	first_look_fd(queue);
	if (fd >= 0)
		queue->state->kick = r < 0 ? SESSION_KICK_NONE : SESSION_KICK_FD;
	else
		queue->state->kick = polled ? SESSION_KICK_POLLED : SESSION_KICK_NONE;
	if (polled)
		queue->state->started = 1;
	queue_update(queue);
	return r;
}

void queue_set_call(struct vhost_queue *queue, int fd)
{
	fd_close(&queue->call_fd);
	queue->call_fd = fd;
	if (fd < 0)
		return;
	fd_set_nonblock(fd);
	/* A ring that is enabled all the time may run before its call fd comes (QEMU 7.2 after a pause). */
	if (queue->running && queue->signal_once)
		queue_signal(queue);
}

void queue_set_err(struct vhost_queue *queue, int fd)
{
	fd_close(&queue->err_fd);
	queue->err_fd = fd;
	if (fd >= 0)
		fd_set_nonblock(fd);
}

void queue_kick(struct vhost_queue *queue)
{
	if (queue->state->kick == SESSION_KICK_NONE)
		queue->state->kick = SESSION_KICK_INBAND;
	queue->state->started = 1;
	queue_update(queue);
	queue_dispatch(queue);
}

/* How many processes may die with the same chain in their hands. */
#define CHAIN_DEATHS_MAX 3

/* What the dead process was at. A chain that kills breaks its ring, and nothing else. */
static void suspect_note(struct vhost_queue *queue)
{
	struct session_ring *state = queue->state;
	char why[96];

	if (state->handled == 0 || queue->host->ops->restore_blameless) {
		state->handled = 0;
		return;
	}
	state->deaths = state->handled == state->suspect ? state->deaths + 1 : 1;
	state->suspect = state->handled;
	state->handled = 0;
	if (state->deaths < CHAIN_DEATHS_MAX)
		return;
	snprintf(why, sizeof(why), "head %u crashed the worker %d times in a row", state->suspect - 1,
		 CHAIN_DEATHS_MAX);
	queue_break(queue, why);
}

int queue_restore(struct vhost_queue *queue, int kick_fd, int call_fd, int err_fd)
{
	const uint8_t kick = queue->state->kick;
	int r;

	/* The dead process may have taken kicks and published chains without calling: look, and call, once. */
	queue->signal_once = true;
	queue_set_call(queue, call_fd);
	queue_set_err(queue, err_fd);
	suspect_note(queue);
	if (queue->host->ops->restore_broken)
		queue_break(queue, "the worker died again and again");
	if (queue->state->kick == SESSION_KICK_FD && kick_fd < 0)
		return -EBADF;
	if (queue->state->kick == SESSION_KICK_INBAND) {
		queue_update(queue);
		return 0;
	}
	r = queue_set_kick(queue, kick_fd, kick == SESSION_KICK_POLLED);
	/* The next process may have what was lacking. */
	if (r < 0)
		queue->state->kick = kick;
	return r;
}
