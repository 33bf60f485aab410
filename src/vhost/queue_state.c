/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A queue's states: set up, kicked, started, stopped, resumed. Data is in queue.c, the kick fd in kick.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/util.h"
#include "vhost/departure.h"
#include "vhost/packed.h"
#include "vhost/queue.h"
#include "vhost/split.h"

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
	queue->late = session_late(session, host->ops->n_queues, index);
	queue->kick_fd = queue->call_fd = queue->err_fd = -1;
	snprintf(queue->tag, sizeof(queue->tag), "%s/queue%u", tag, index);
}

static void unwatch(struct vhost_queue *queue)
{
	loop_defer_del(&queue->ready);
	loop_defer_del(&queue->flush);
	loop_timer_del(&queue->poll);
	/* Nothing is told of a ring that does not run; the driver is called when it resumes. */
	if (queue->notice_waits[QUEUE_NOTICE_CALL])
		queue->signal_once = true;
	queue->notice_waits[QUEUE_NOTICE_CALL] = false;
}

/* From running to not running, whatever becomes of the ring. */
static void queue_end(struct vhost_queue *queue)
{
	queue->running = false;
	queue->waits = false; /* in flight, like all that is held */
	queue->state->mark = queue->ring.ops->mark(&queue->ring);
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
		queue->budget += (uint32_t)(queue->n_again - queue->next_again);
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

void queue_kick(struct vhost_queue *queue)
{
	if (queue->state->kick == SESSION_KICK_NONE)
		queue->state->kick = SESSION_KICK_INBAND;
	queue->state->started = 1;
	queue_update(queue);
	queue_dispatch(queue);
}

static bool place_same(const struct session_ring_place *a, const struct session_ring_place *b)
{
	return a->desc == b->desc && a->used == b->used && a->avail == b->avail;
}

void *queue_inflight(const struct vhost_queue *queue, const struct ring_ops *ops, uint32_t size)
{
	void *shared = inflight_map_region(queue->host->inflight_map, queue->index, ops->inflight_size, size);

	return shared ? shared : queue->inflight;
}

void queue_carry_inflight(struct vhost_queue *queue, const struct inflight_map *to)
{
	const struct session_ring *state = queue->state;
	const struct ring_ops *ops = state->packed ? &packed_ops : &split_ops;
	void *region = inflight_map_region(to, queue->index, ops->inflight_size, state->ran.size);

	if (state->has_run && region && ((struct inflight_head *)region)->version == 0)
		inflight_copy(region, queue_inflight(queue, ops, state->ran.size), ops->inflight_size(state->ran.size));
}

/*
 * Whether a ring that did not run on this connection goes on where the front-end's region says that it was. That
 * overrides SET_VRING_BASE: of a back-end that died, the front-end does not know where it was.
 */
static bool region_resumes(struct vhost_queue *queue, uint16_t *n_again)
{
	struct ring *ring = &queue->ring;
	int n;

	if (ring->inflight == queue->inflight || inflight_head_size(ring->inflight) != ring->size)
		return false;
	n = ring->ops->recover(ring, false, 0, queue->again);
	if (n < 0 || !ring->ops->is_behind_driver(ring)) {
		log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag,
			    "the in-flight region is not of this ring: a fresh start");
		return false;
	}
	queue->state->lag = 0;
	*n_again = n;
	return true;
}

/* Whether a ring of a front-end that has come back goes on. The last one may not have heard our last call. */
static bool departed_resumes(struct vhost_queue *queue, uint16_t *n_again)
{
	const char *why = departure_ring_differs(queue, queue->state, &queue->ring, queue->again, n_again);

	if (why)
		log_limited(&queue->log_limit, LOG_LEVEL_INFO, queue->tag,
			    "not the ring that the last front-end left: %s: a fresh start", why);
	else
		queue->signal_once = true;
	return !why;
}

/* Whether the ring goes on where it stopped, see queue.h. */
static bool ring_resumes(struct vhost_queue *queue, uint16_t *n_again)
{
	const struct session_ring *state = queue->state;
	struct ring *ring = &queue->ring;
	bool moved = !state->transferred && !place_same(&state->ran, &state->place);
	int n;

	if (!state->has_run)
		return region_resumes(queue, n_again);
	if (state->departed)
		return departed_resumes(queue, n_again);
	if (state->ran.size != state->place.size || state->packed != (ring->ops == &packed_ops))
		return false;
	/* A front-end that sets a base had us stop in good order. */
	n = ring->ops->recover(ring, state->has_base, state->lag, queue->again);
	if (n < 0 || (state->has_base && state->base != ring->ops->position(ring)))
		return false;
	*n_again = n;
	/* It is not new when another process had it, however little. */
	if (state->transferred)
		return true;
	return !((state->has_base || moved) && ring->ops->looks_new(ring, moved));
}

/* -EINVAL: the base makes no sense. */
static int start_fresh(struct vhost_queue *queue)
{
	struct session_ring *state = queue->state;
	const struct ring_ops *ops = queue->ring.ops;
	int lag;

	if (state->has_run)
		queue->host->restarted(queue->host, queue);
	lag = ops->begin(&queue->ring, state->has_base ? state->base : ops->position_of_new);
	if (lag < 0)
		return lag;
	state->lag = lag;
	state->handled = state->suspect = state->deaths = 0;
	queue->signal_once = false;
	late_clear(queue);
	return 0;
}

void queue_set_log(struct vhost_queue *queue)
{
	const struct session_ring_place *place = &queue->state->place;
	const struct memory *memory = queue->host->memory;
	struct dirty_ring *log = &queue->ring.log;

	log->dirty = place->flags & VHOST_USER_VRING_F_LOG ? queue->host->dirty : NULL;
	/* With an IOTLB front-ends give an I/O virtual address here, which no log is made for. */
	log->addr = memory->iotlb ? memory_guest_addr(memory, queue->ring.written) : place->log;
	log->desc_addr = memory_guest_addr(memory, queue->ring.desc);
}

struct session_spots queue_spots(const struct vhost_queue *queue, const struct ring *ring)
{
	const struct memory *memory = queue->host->memory;

	return (struct session_spots){ memory_spot(memory, ring->desc), memory_spot(memory, ring->driver),
				       memory_spot(memory, ring->written) };
}

static int ring_resolve(struct vhost_queue *queue)
{
	int r;

	queue->host->memory->missed.perm = 0;
	r = queue->ring.ops->resolve(&queue->ring, queue->host->memory, &queue->state->place);
	if (r == 0)
		queue_set_log(queue);
	return r;
}

/* The ring in its place, at its position. -errno: it can not run. */
static int ring_start(struct vhost_queue *queue)
{
	struct session_ring *state = queue->state;
	const struct ring_ops *ops = queue_ring_ops(queue);
	struct ring *ring = &queue->ring;

	ring_init(ring, ops, *queue->host->features, queue_inflight(queue, ops, state->place.size));
	if (!ring->ops->size_valid(state->place.size)) {
		queue_break(queue, ring->ops->size_rule);
		return -EINVAL;
	}
	if (ring_resolve(queue) < 0) {
		if (queue->host->ask(queue->host))
			return -EAGAIN;
		log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag, "the ring does not lie in guest memory");
		return -EFAULT;
	}
	queue->host->starting(queue->host);
	queue->again = malloc(ring->size * sizeof(*queue->again));
	if (!queue->again)
		return -ENOMEM;
	queue->n_again = queue->next_again = 0;
	if (ring_resumes(queue, &queue->n_again)) {
		queue->doubt = QUEUE_DOUBT_NONE;
		if (queue->signal_once)
			queue_signal(queue);
	} else if (start_fresh(queue) < 0) {
		free(queue->again);
		queue->again = NULL;
		queue_break(queue, "its base makes no sense");
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
	state->ran = state->place;
	state->spots = queue_spots(queue, ring);
	state->packed = ring->ops == &packed_ops;
	state->position = ring->ops->position(ring);
	state->has_run = 1;
	state->has_base = 0;
	state->transferred = state->departed = 0;
	queue->running = true;
	late_attach(queue);
	log_debug(queue->tag, "runs: %s, %u entries, from 0x%x, %u in flight", ring->ops->name, ring->size,
		  state->position, queue->n_again);
	queue->host->started(queue->host, queue);

	if (queue->host->ops->queue_start)
		queue->host->ops->queue_start(queue->host->ctx, queue->index, queue);
	if (state->kick == SESSION_KICK_POLLED)
		loop_timer_set(queue->host->loop, &queue->poll, POLL_INTERVAL_NS, POLL_INTERVAL_NS, on_poll);
	late_run(queue);
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
	bool run = state->place.size > 0 && state->has_addr && state->kick != SESSION_KICK_NONE && state->started &&
		   state->enabled && !state->broken && !memory_is_empty(queue->host->memory);

	if (run && !queue->running)
		queue_start(queue);
	else if (!run)
		queue_stop(queue);
}

void queue_memory_changed(struct vhost_queue *queue)
{
	if (queue->running && ring_resolve(queue) < 0)
		queue_stop(queue);
	if (queue->running)
		queue->state->spots = queue_spots(queue, &queue->ring);
	queue_update(queue);
}

void queue_retry(struct vhost_queue *queue)
{
	queue_update(queue);
	if (!queue->running)
		return;
	late_run(queue);
	if (queue->waits)
		queue_ready_later(queue);
}

static bool area_overlaps(uint64_t start, size_t len, uint64_t first, uint64_t last)
{
	return start <= last && start + (len - 1) >= first;
}

static bool ring_overlaps(const struct session_ring_place *place, uint64_t first, uint64_t last)
{
	size_t n = place->size;

	return n > 0 && (area_overlaps(place->desc, 16 * n, first, last) ||
			 area_overlaps(place->avail, 6 + 2 * n, first, last) ||
			 area_overlaps(place->used, 6 + 8 * n, first, last));
}

void queue_translated(struct vhost_queue *queue, uint64_t first, uint64_t last)
{
	if (queue->running && ring_overlaps(&queue->state->place, first, last))
		queue_memory_changed(queue);
	queue_retry(queue);
}

void queue_forget(struct vhost_queue *queue)
{
	queue->state->has_run = 0;
	queue->state->transferred = queue->state->departed = 0;
}

void queue_reset(struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;
	const struct ring_ops *ops = state->packed ? &packed_ops : &split_ops;

	if (state->has_run)
		inflight_head_clear(queue_inflight(queue, ops, state->ran.size));
	queue_forget(queue);
}

const struct ring_ops *queue_ring_ops(const struct vhost_queue *queue)
{
	return *queue->host->features & VIRTIO_F_RING_PACKED ? &packed_ops : &split_ops;
}

uint32_t queue_base(const struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;

	if (state->has_base)
		return state->base;
	return state->has_run ? state->position : queue_ring_ops(queue)->position_of_new;
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
	snprintf(why, sizeof(why), "head %u was the last thing that several processes handled before they died",
		 state->suspect - 1);
	queue_break(queue, why);
}

int queue_attach(struct vhost_queue *queue, int kick_fd, int call_fd, int err_fd)
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
