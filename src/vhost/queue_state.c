/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A queue's states: set up, kicked, started, stopped, resumed. Data is in queue.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "vhost/queue.h"

/* How often a ring is looked at whose front-end gives no kick fd (SET_VRING_KICK with bit 8). */
#define POLL_INTERVAL_NS (1000ull * 1000)

void queue_init(struct vhost_queue *queue, struct queue_host *host, unsigned index, struct session *session,
		const char *tag)
{
	memset(queue, 0, sizeof(*queue));
	queue->host = host;
	queue->index = index;
	queue->state = &session->rings[index];
	queue->inflight = session_inflight(session, index);
	queue->kick_fd = queue->call_fd = queue->err_fd = -1;
	snprintf(queue->tag, sizeof(queue->tag), "%s/queue%u", tag, index);
}

static void unwatch(struct vhost_queue *queue)
{
	loop_defer_del(&queue->ready);
	loop_defer_del(&queue->flush);
	loop_timer_del(&queue->poll);
}

/* From running to not running, whatever becomes of the ring. */
static void queue_end(struct vhost_queue *queue)
{
	queue->running = false;
	unwatch(queue);
	free(queue->again);
	queue->again = NULL;
	if (queue->host->ops->queue_stop)
		queue->host->ops->queue_stop(queue->host->ctx, queue->index);
}

void queue_deinit(struct vhost_queue *queue)
{
	if (queue->running)
		queue_end(queue);
	loop_watch_del(&queue->kick_watch);
	fd_close(&queue->kick_fd);
	fd_close(&queue->call_fd);
	fd_close(&queue->err_fd);
}

static void queue_dispatch(struct vhost_queue *queue)
{
	if (!queue->running)
		return;
	/* At most one ring's worth a turn: no queue starves the rest of the process. */
	queue->budget = queue->ring.size;
	queue->host->ops->queue_ready(queue->host->ctx, queue->index, queue);
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

static void on_kick(struct loop_watch *watch, uint32_t events)
{
	struct vhost_queue *queue = container_of(watch, struct vhost_queue, kick_watch);
	uint64_t count;
	ssize_t n = read(queue->kick_fd, &count, sizeof(count));

	/* A pipe or socket whose writer is gone: no kick will come any more. */
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		loop_watch_del(watch);
		return;
	}
	if (n < 0)
		return;
	queue->state->started = 1;
	if (queue->running)
		queue_dispatch(queue);
	else
		queue_update(queue);
}

static bool place_same(const struct session_ring_place *a, const struct session_ring_place *b)
{
	return a->desc == b->desc && a->used == b->used && a->avail == b->avail;
}

/*
 * Whether the ring goes on where it stopped, see queue.h. A base of 0 is what a reset gives, so it is believed to be a
 * resume only at the old place; the one case in 65536 that stays ambiguous is a ring that wrapped to 0 just then.
 */
static bool ring_resumes(struct vhost_queue *queue, uint16_t used_idx, uint16_t *n_again)
{
	struct session_ring *state = queue->state;
	struct inflight *inflight = queue->inflight;
	uint16_t next_avail;

	if (!state->has_run || state->ran.size != state->place.size)
		return false;
	if ((uint16_t)(used_idx - inflight->used_idx) > state->ran.size)
		return false;
	/* Only a crash leaves the index behind the ring's; a front-end that sets a base had us stop in good order. */
	if (state->has_base && used_idx != inflight->used_idx)
		return false;
	inflight_batch_commit(inflight, state->ran.size, used_idx);
	*n_again = inflight_collect(inflight, state->ran.size, queue->again);
	next_avail = used_idx + *n_again + state->lag;
	if (state->has_base && state->base != next_avail)
		return false;
	if (next_avail == 0 && !place_same(&state->ran, &state->place))
		return false;
	state->next_avail = next_avail;
	return true;
}

static void start_resumed(struct vhost_queue *queue, uint16_t n_again)
{
	queue->n_again = n_again;
	if (n_again > 0)
		queue->taken = queue->inflight->desc[queue->again[n_again - 1]].counter + 1;
	if (queue->signal_once)
		queue_signal(queue);
}

static void start_fresh(struct vhost_queue *queue, uint16_t used_idx)
{
	struct session_ring *state = queue->state;

	if (state->has_run)
		queue->host->restarted(queue->host, queue);
	state->next_avail = state->has_base ? state->base : 0;
	state->lag = state->next_avail - used_idx;
	inflight_reset(queue->inflight, state->place.size, used_idx);
}

static void queue_start(struct vhost_queue *queue)
{
	struct session_ring *state = queue->state;
	struct split *ring = &queue->ring;
	uint16_t used_idx, n_again = 0;

	if (split_resolve(ring, queue->host->memory, &state->place) < 0) {
		log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag, "the ring does not lie in guest memory");
		return;
	}
	queue->again = malloc(ring->size * sizeof(*queue->again));
	if (!queue->again)
		return;
	queue->n_again = queue->next_again = 0;
	queue->taken = 0;

	used_idx = split_used_idx(ring);
	if (ring_resumes(queue, used_idx, &n_again))
		start_resumed(queue, n_again);
	else
		start_fresh(queue, used_idx);
	queue->signal_once = false;

	state->ran = state->place;
	state->has_run = 1;
	state->has_base = 0;
	ring->event_idx = *queue->host->features & VIRTIO_F_EVENT_IDX;
	ring->indirect = *queue->host->features & VIRTIO_F_INDIRECT_DESC;
	ring->next_avail = state->next_avail;
	ring->used_idx = ring->used_published = used_idx;
	queue->running = true;
	log_debug(queue->tag, "runs: %u entries, next available %u, used %u, %u in flight", ring->size,
		  ring->next_avail, used_idx, queue->n_again);

	if (queue->host->ops->queue_start)
		queue->host->ops->queue_start(queue->host->ctx, queue->index, queue);
	if (state->kick == SESSION_KICK_POLLED)
		loop_timer_set(queue->host->loop, &queue->poll, POLL_INTERVAL_NS, POLL_INTERVAL_NS, on_poll);
	queue_ready_later(queue);
}

void queue_stop(struct vhost_queue *queue)
{
	if (!queue->running)
		return;
	queue_flush(queue);
	log_debug(queue->tag, "stopped at %u", queue->state->next_avail);
	queue_end(queue);
}

void queue_update(struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;
	bool run = state->place.size > 0 && state->has_addr && state->kick != SESSION_KICK_NONE && state->started &&
		   state->enabled && !state->broken && !memory_is_empty(queue->host->memory);

	if (run && !queue->running)
		queue_start(queue);
	else if (!run)
		queue_stop(queue);
}

void queue_memory_changed(struct vhost_queue *queue)
{
	if (queue->running && split_resolve(&queue->ring, queue->host->memory, &queue->state->place) < 0)
		queue_stop(queue);
	queue_update(queue);
}

void queue_forget(struct vhost_queue *queue)
{
	queue->state->has_run = 0;
}

uint16_t queue_base(const struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;

	if (state->has_base || !state->has_run)
		return state->base;
	return state->next_avail;
}

int queue_set_kick(struct vhost_queue *queue, int fd, bool polled)
{
	int r = 0;

	queue_stop(queue);
	loop_watch_del(&queue->kick_watch);
	fd_close(&queue->kick_fd);
	queue->kick_fd = fd;
	queue->state->kick = fd >= 0 ? SESSION_KICK_FD : polled ? SESSION_KICK_POLLED : SESSION_KICK_NONE;
	if (polled)
		queue->state->started = 1;
	if (fd >= 0) {
		r = fd_set_nonblock(fd);
		if (r == 0)
			r = loop_watch_add(queue->host->loop, &queue->kick_watch, fd, EPOLLIN, on_kick);
	}
	if (r < 0) {
		fd_close(&queue->kick_fd);
		queue->state->kick = SESSION_KICK_NONE;
	}
	queue_update(queue);
	return r;
}

void queue_set_call(struct vhost_queue *queue, int fd)
{
	fd_close(&queue->call_fd);
	queue->call_fd = fd;
	if (fd >= 0)
		fd_set_nonblock(fd);
}

void queue_set_err(struct vhost_queue *queue, int fd)
{
	fd_close(&queue->err_fd);
	queue->err_fd = fd;
	if (fd >= 0)
		fd_set_nonblock(fd);
}

int queue_attach(struct vhost_queue *queue, int kick_fd, int call_fd, int err_fd)
{
	/* The dead process may have taken kicks and published chains without calling: look, and call, once. */
	queue->signal_once = true;
	queue_set_call(queue, call_fd);
	queue_set_err(queue, err_fd);
	if (queue->state->kick == SESSION_KICK_FD && kick_fd < 0)
		return -EBADF;
	return queue_set_kick(queue, kick_fd, queue->state->kick == SESSION_KICK_POLLED);
}
