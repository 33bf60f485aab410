/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From where a ring goes on, and what is in flight then. */
#include "vhost/queue/resume.h"

#include <errno.h>

#include "vhost/queue/deferred_write.h"
#include "vhost/queue/layout.h"

void *queue_inflight(const struct vhost_queue *queue, const struct ring_ops *ops, uint32_t size)
{
	void *shared = inflight_map_region(queue->host->inflight_map, queue->index, ops->inflight_size, size);

	return shared ? shared : queue->inflight;
}

void queue_carry_inflight(struct vhost_queue *queue, const struct inflight_map *to)
{
	const struct session_ring *state = queue->state;
	const struct ring_ops *ops = ring_format(state->packed);
	void *region = inflight_map_region(to, queue->index, ops->inflight_size, state->ran.size);

	if (state->has_run && region && ((struct inflight_head *)region)->version == 0)
		inflight_copy(region, queue_inflight(queue, ops, state->ran.size), ops->inflight_size(state->ran.size));
}

static bool location_same(const struct session_location *a, const struct session_location *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->offset == b->offset && a->guest_addr == b->guest_addr;
}

static bool ring_is_there(const struct vhost_queue *queue, const struct session_ring *saved, const struct ring *ring)
{
	const struct session_locations now = queue_locations(queue, ring);

	return location_same(&saved->locations.desc, &now.desc) &&
	       location_same(&saved->locations.driver, &now.driver) &&
	       location_same(&saved->locations.device, &now.device);
}

/* What is in flight is read once more when it is handed out. Here: whether it is what was taken, the ring's chains. */
static bool chains_are_valid(const struct vhost_queue *queue, struct ring *ring, const uint16_t *heads, uint16_t n)
{
	struct vhost_chain chain;

	for (uint16_t i = 0; i < n; i++) {
		int r = ring->ops->reread(ring, queue->host->memory, heads[i], &chain);

		if (r < 0 && r != -EAGAIN)
			return false;
	}
	return true;
}

const char *queue_differs(const struct vhost_queue *queue, const struct session_ring *saved, struct ring *ring,
			  uint16_t *heads, uint16_t *n)
{
	const struct ring_ops *ops = ring->ops;
	const uint32_t base = queue->state->has_base ? queue->state->base : ops->position_of_new;
	int r;

	if (saved->packed != (ops == &packed_ops) || saved->ran.size != ring->size)
		return "different size or format";
	if (!ring_is_there(queue, saved, ring))
		return "different memory";
	r = ops->recover(ring, true, saved->lag, heads);
	if (r < 0 || ops->position(ring) != saved->position || !ops->is_behind_driver(ring))
		return "different indices";
	if (ops->recognize(ring, saved->fingerprint) < 0)
		return "reinitialized by the driver";
	if (!ops->base_fits(ring, base))
		return "different base";
	if (!chains_are_valid(queue, ring, heads, (uint16_t)r))
		return "a chain in flight is invalid";
	*n = (uint16_t)r;
	return NULL;
}

/*
 * Whether a ring that did not run on this connection goes on where the front-end's region says that it was. That
 * overrides SET_VRING_BASE: of a back-end that died, the front-end does not know where it was.
 */
static bool region_resumes(struct vhost_queue *queue, uint16_t *n_requeued)
{
	struct ring *ring = &queue->ring;
	int n;

	if (ring->inflight == queue->inflight || inflight_head_size(ring->inflight) != ring->size)
		return false;
	n = ring->ops->recover(ring, false, 0, queue->requeued);
	if (n < 0 || !ring->ops->is_behind_driver(ring)) {
		if (queue->state->started)
			log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag,
				    "in-flight region does not match the ring, starting the ring afresh");
		return false;
	}
	queue->state->lag = 0;
	queue->signal_once = true; /* a back-end that died may have published without calling */
	*n_requeued = n;
	return true;
}

/* Whether a ring of a front-end that has reconnected goes on. The last one may not have heard our last call. */
static bool reconnected_resumes(struct vhost_queue *queue, uint16_t *n_requeued)
{
	const char *why = queue_differs(queue, queue->state, &queue->ring, queue->requeued, n_requeued);

	if (!why)
		queue->signal_once = true;
	else if (queue->state->started)
		log_limited(&queue->log_limit, LOG_LEVEL_INFO, queue->tag,
			    "not the previous front-end's ring, starting it afresh: %s", why);
	return !why;
}

/*
 * After a load memory may be that of a guest that was reset since: its new rings, and rings of which nothing was used, have
 * the same base. The new ones have nothing available before their first kick, the others have what the device holds.
 */
static bool loaded_base_is_ours(const struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;
	const struct ring *ring = &queue->ring;
	bool of_new = state->base == 0 || state->base == ring->ops->position_of_new;

	return !of_new || (!state->started && ring->ops->is_behind_driver(ring));
}

/*
 * Whether the base is the one where the ring, recovered, is. A front-end that does not keep what GET_VRING_BASE answers
 * (cloud-hypervisor) goes by what was used: it is believed where a new ring would look otherwise.
 */
static bool base_is_ours(const struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;
	const struct ring *ring = &queue->ring;

	if (!state->has_base || state->base == ring->ops->position(ring))
		return true;
	if (!ring->ops->base_fits(ring, state->base))
		return false;
	return state->transferred ? loaded_base_is_ours(queue) : ring->ops->recognize(ring, state->fingerprint) > 0;
}

bool queue_may_resume(const struct vhost_queue *queue)
{
	const struct ring_ops *ops = queue_ring_ops(queue);
	const uint32_t size = queue->state->layout.size;

	if (!queue->state->has_base || !ops->size_valid(size))
		return false;
	return inflight_head_size(queue->inflight) == size ||
	       inflight_head_size(queue_inflight(queue, ops, size)) == size;
}

bool queue_resumes(struct vhost_queue *queue, uint16_t *n_requeued)
{
	const struct session_ring *state = queue->state;
	struct ring *ring = &queue->ring;
	bool moved = !state->transferred && !layout_same(&state->ran, &state->layout);
	int n;

	if (!state->has_run)
		return region_resumes(queue, n_requeued);
	if (state->reconnected)
		return reconnected_resumes(queue, n_requeued);
	if (state->ran.size != state->layout.size || state->packed != (ring->ops == &packed_ops))
		return false;
	/* A front-end that sets a base had us stop in good order. */
	n = ring->ops->recover(ring, state->has_base, state->lag, queue->requeued);
	if (n < 0 || !base_is_ours(queue))
		return false;
	*n_requeued = n;
	/* It is not new when another process had it, however little; nor may its last call have come. */
	if (state->transferred) {
		queue->signal_once = true;
		return true;
	}
	return !((state->has_base || moved) && ring->ops->looks_new(ring, moved));
}

int queue_begin(struct vhost_queue *queue)
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
	deferred_write_clear(queue);
	return 0;
}

void queue_forget(struct vhost_queue *queue)
{
	queue->state->has_run = 0;
	queue->state->transferred = queue->state->reconnected = 0;
}

void queue_reset(struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;

	if (state->has_run)
		inflight_head_clear(queue_inflight(queue, ring_format(state->packed), state->ran.size));
	queue_forget(queue);
}

uint32_t queue_base(const struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;

	if (state->has_base)
		return state->base;
	return state->has_run ? state->position : queue_ring_ops(queue)->position_of_new;
}
