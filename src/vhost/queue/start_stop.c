/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A queue's states: set up, started, stopped, broken. Data is in queue.c, the kick fd in kick.c, where a ring lies in
 * place.c, from where it goes on in resume.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/util.h"
#include "vhost/queue/queue.h"
#include "vhost/ring/packed.h"
#include "vhost/ring/split.h"

/* How often a ring is looked at whose front-end gives no kick fd (SET_VRING_KICK with bit 8). */
#define POLL_INTERVAL_NS (1000ull * 1000)

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
	queue->kick_fd = queue->call_fd = queue->err_fd = -1;
	snprintf(queue->tag, sizeof(queue->tag), "%s/queue%u", tag, index);
}

static void unwatch(struct vhost_queue *queue)
{
	loop_defer_del(&queue->ready);
	loop_defer_del(&queue->flush);
	loop_timer_del(&queue->poll);
	/* Nothing is reported of a ring that does not run; the driver is called when it resumes. */
	if (queue->notice_pending[QUEUE_NOTICE_CALL])
		queue->signal_once = true;
	queue->notice_pending[QUEUE_NOTICE_CALL] = false;
}

/* From running to not running, whatever becomes of the ring. */
static void queue_end(struct vhost_queue *queue)
{
	queue->running = false;
	queue->waits = false; /* in flight, like all that is held */
	queue->state->fingerprint = queue->ring.ops->fingerprint(&queue->ring);
	unwatch(queue);
	free(queue->requeued);
	queue->requeued = NULL;
	if (queue->host->ops->queue_stop)
		queue->host->ops->queue_stop(queue->host->ctx, queue->index);
}

void queue_deinit(struct vhost_queue *queue)
{
	if (queue->running)
		queue_end(queue);
	kick_unwatch(queue);
	fd_close(&queue->kick_fd);
	fd_close(&queue->call_fd);
	fd_close(&queue->err_fd);
}

/*
 * At most this many chains a turn, and no more than a ring has: no queue starves the rest of the process, on a chip that
 * takes a millisecond for each, neither. Drivers' rings are of this size or smaller mostly.
 */
#define CHAINS_PER_TURN 256

void queue_dispatch(struct vhost_queue *queue)
{
	if (!queue->running)
		return;
	queue->budget = queue->ring.size < CHAINS_PER_TURN ? queue->ring.size : CHAINS_PER_TURN;
	/*
	 * What is popped again is so before the chains of queues before this one are, however much that is: once. Nobody is
	 * before the first one, and how much it has in flight may be what a front-end's region says.
	 */
	if (queue->index > 0)
		queue->budget += (uint32_t)(queue->n_requeued - queue->next_requeued);
	queue->host->ops->queue_ready(queue->host->ctx, queue->index, queue);
}

void queue_finish(struct vhost_queue *queue)
{
	while (queue->running && queue->next_requeued < queue->n_requeued) {
		uint16_t before = queue->next_requeued;

		queue_dispatch(queue);
		/* A translation is missing. */
		if (queue->next_requeued == before)
			return;
	}
}

static void on_ready(struct loop_defer *defer)
{
	queue_dispatch(container_of(defer, struct vhost_queue, ready));
}

void queue_ready_later(struct vhost_queue *queue)
{
	loop_defer_add(queue->host->loop, &queue->ready, on_ready);
}

static void on_poll(struct loop_timer *timer)
{
	queue_dispatch(container_of(timer, struct vhost_queue, poll));
}

void queue_kick(struct vhost_queue *queue)
{
	if (queue->state->kick == SESSION_KICK_NONE)
		queue->state->kick = SESSION_KICK_INBAND;
	queue->state->started = 1;
	queue_update(queue);
	queue_dispatch(queue);
}

/* The ring in its place, at its position. -errno: it can not run. */
static int ring_start(struct vhost_queue *queue)
{
	struct session_ring *state = queue->state;
	const struct ring_ops *ops = queue_ring_ops(queue);
	struct ring *ring = &queue->ring;

	ring_init(ring, ops, *queue->host->features, queue_inflight(queue, ops, state->layout.size));
	if (!ring->ops->size_valid(state->layout.size)) {
		queue_break(queue, ring->ops->size_rule);
		return -EINVAL;
	}
	if (queue_resolve(queue) < 0) {
		if (queue->host->ask(queue->host))
			return -EAGAIN;
		log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag, "ring not in guest memory");
		return -EFAULT;
	}
	queue->host->starting(queue->host);
	queue->requeued = malloc(ring->size * sizeof(*queue->requeued));
	if (!queue->requeued)
		return -ENOMEM;
	queue->n_requeued = queue->next_requeued = 0;
	if (queue_resumes(queue, &queue->n_requeued)) {
		queue->kick_unproven = KICK_PROVEN;
		if (queue->signal_once)
			queue_signal(queue);
	} else if (queue_begin(queue) < 0) {
		free(queue->requeued);
		queue->requeued = NULL;
		queue_break(queue, "invalid base");
		return -EINVAL;
	}
	return 0;
}

static void queue_start(struct vhost_queue *queue)
{
	struct session_ring *state = queue->state;
	struct ring *ring = &queue->ring;

	if (ring_start(queue) < 0)
		return;
	state->ran = state->layout;
	state->locations = queue_locations(queue, ring);
	state->packed = ring->ops == &packed_ops;
	state->position = ring->ops->position(ring);
	state->has_run = 1;
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

void queue_stop(struct vhost_queue *queue)
{
	if (!queue->running)
		return;
	queue_flush(queue);
	log_debug(queue->tag, "stopped at 0x%x", queue->state->position);
	queue_end(queue);
}

void queue_update(struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;
	bool run = state->layout.size > 0 && state->has_addr && state->kick != SESSION_KICK_NONE && state->started &&
		   state->enabled && !state->broken && !memory_is_empty(queue->host->memory);

	if (run && !queue->running)
		queue_start(queue);
	else if (!run)
		queue_stop(queue);
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

const struct ring_ops *queue_ring_ops(const struct vhost_queue *queue)
{
	return *queue->host->features & VIRTIO_F_RING_PACKED ? &packed_ops : &split_ops;
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

/* How many processes may die with the same chain in their hands. */
#define CHAIN_DEATHS_MAX 3

/* What the dead process was at. A chain that kills breaks its ring, and nothing else. */
static void suspect_note(struct vhost_queue *queue)
{
	struct session_ring *state = queue->state;
	char why[96];

	if (state->handled == 0)
		return;
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
	/* The dead process may have taken kicks and published chains without calling: look, and call, once. */
	queue->signal_once = true;
	queue_set_call(queue, call_fd);
	queue_set_err(queue, err_fd);
	suspect_note(queue);
	if (queue->state->kick == SESSION_KICK_FD && kick_fd < 0)
		return -EBADF;
	if (queue->state->kick == SESSION_KICK_INBAND) {
		queue_update(queue);
		return 0;
	}
	return queue_set_kick(queue, kick_fd, queue->state->kick == SESSION_KICK_POLLED);
}
