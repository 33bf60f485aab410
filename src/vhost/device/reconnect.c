/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a front-end leaves, and whether the next one is the same: remembered, compared, dropped. */
#include "vhost/device/reconnect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/barrier.h"
#include "base/fault.h"
#include "vhost/ring/packed.h"
#include "vhost/ring/split.h"

static const struct ring_ops *format_ops(uint8_t packed)
{
	return packed ? &packed_ops : &split_ops;
}

/* How far a ring came; has_run is the last to be set. */
static void run_copy(struct session_ring *to, const struct session_ring *from)
{
	to->ran = from->ran;
	to->spots = from->spots;
	to->position = from->position;
	to->mark = from->mark;
	to->lag = from->lag;
	to->packed = from->packed;
	to->has_run = 1;
}

/* Of a ring that never ran here, or that is broken, there is nothing to go on with. */
static bool ring_note(struct vhost_queue *queue, struct session_ring *left)
{
	const struct session_ring *state = queue->state;
	const struct ring_ops *ops = format_ops(state->packed);
	const void *region;

	*left = (struct session_ring){ 0 };
	if (!state->has_run || state->broken || state->transferred)
		return false;
	region = queue_inflight(queue, ops, state->ran.size);
	if (region != queue->inflight)
		inflight_copy(queue->inflight, region, ops->inflight_size(state->ran.size));
	run_copy(left, state);
	return true;
}

void departure_note(struct vhost_device *device)
{
	struct session_departure *departure = &device->session->departure;
	bool any = false;

	/* An earlier process has noted it and died; or no ring has run since the last one was noted. */
	if (departure->state != SESSION_DEPARTURE_NONE || !device->ops->remember)
		return;
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		any |= ring_note(&device->queues[i], &departure->rings[i]);
	if (!any)
		return;
	departure->features = device->session->features;
	device->ops->remember(device->ctx);
	compiler_barrier();
	departure->state = SESSION_DEPARTURE_LEAVING;
	fault_point(FAULT_DEPARTURE_NOTED);
}

void departure_reset(struct vhost_device *device)
{
	switch (device->session->departure.state) {
	case SESSION_DEPARTURE_LEAVING:
		device->ops->leave(device->ctx);
		fault_point(FAULT_DEPARTED);
		break;
	case SESSION_DEPARTURE_AWAITED:
		break; /* of the last one; this one did nothing */
	default:
		if (device->ops->reset)
			device->ops->reset(device->ctx);
	}
}

void departure_done(struct vhost_device *device)
{
	struct session_departure *departure = &device->session->departure;

	compiler_barrier();
	if (departure->state == SESSION_DEPARTURE_LEAVING)
		departure->state = SESSION_DEPARTURE_AWAITED;
}

void departure_drop(struct vhost_device *device)
{
	struct session_departure *departure = &device->session->departure;

	if (departure->state == SESSION_DEPARTURE_NONE)
		return;
	if (device->ops->reset)
		device->ops->reset(device->ctx);
	compiler_barrier();
	departure->state = SESSION_DEPARTURE_NONE;
}

static bool spot_same(const struct session_spot *a, const struct session_spot *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->offset == b->offset && a->guest_addr == b->guest_addr;
}

static bool ring_is_there(const struct vhost_queue *queue, const struct session_ring *left, const struct ring *ring)
{
	const struct session_spots now = queue_spots(queue, ring);

	return spot_same(&left->spots.desc, &now.desc) && spot_same(&left->spots.driver, &now.driver) &&
	       spot_same(&left->spots.device, &now.device);
}

/* What is in flight is read once more when it is handed out. Here, whether it is what was taken: the ring's own chains. */
static bool chains_make_sense(const struct vhost_queue *queue, struct ring *ring, const uint16_t *heads, uint16_t n)
{
	struct vhost_chain chain;

	for (uint16_t i = 0; i < n; i++) {
		int r = ring->ops->again(ring, queue->host->memory, heads[i], &chain);

		if (r < 0 && r != -EAGAIN)
			return false;
	}
	return true;
}

const char *departure_ring_differs(const struct vhost_queue *queue, const struct session_ring *left, struct ring *ring,
				   uint16_t *heads, uint16_t *n)
{
	const struct ring_ops *ops = ring->ops;
	const uint32_t base = queue->state->has_base ? queue->state->base : ops->position_of_new;
	int r;

	if (left->packed != (ops == &packed_ops) || left->ran.size != ring->size)
		return "its size or format is another";
	if (!ring_is_there(queue, left, ring))
		return "it lies in other memory";
	r = ops->recover(ring, true, left->lag, heads);
	if (r < 0 || ops->position(ring) != left->position || !ops->is_behind_driver(ring))
		return "its indices are others";
	if (ops->recognize(ring, left->mark) < 0)
		return "it was set up anew";
	if (!ops->base_fits(ring, base))
		return "its base is another";
	if (!chains_make_sense(queue, ring, heads, (uint16_t)r))
		return "a chain that is held makes no sense";
	*n = (uint16_t)r;
	return NULL;
}

/*
 * One of the rings, as it is set up now. False: it can not be told yet. proven: a fresh ring would look otherwise. The
 * front-end's in-flight regions, if there are some, do not count here: it can write there.
 */
static bool ring_ask(struct vhost_queue *queue, const struct session_ring *left, const char **why, bool *proven)
{
	const struct session_ring_place *place = &queue->state->place;
	const struct ring_ops *ops = queue_ring_ops(queue);
	struct ring ring;
	uint16_t *heads, n;

	if (!left->has_run || !queue->state->has_addr || !ops->size_valid(place->size))
		return false;
	ring_init(&ring, ops, *queue->host->features, queue->inflight);
	if (ops->resolve(&ring, queue->host->memory, place) < 0)
		return false;
	heads = malloc(ring.size * sizeof(*heads));
	*why = heads ? departure_ring_differs(queue, left, &ring, heads, &n) : "no memory";
	*proven = !*why && ops->recognize(&ring, left->mark) > 0;
	free(heads);
	return true;
}

/* NULL: it is the same session; else why not. */
static const char *session_differs(struct vhost_device *device, char *words, size_t size)
{
	const struct session_departure *departure = &device->session->departure;
	bool proven = false;

	if ((departure->features ^ device->session->features) & ~VHOST_F_LOG_ALL)
		return "other features";
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		const char *why = NULL;
		bool this_one = false;

		if (ring_ask(&device->queues[i], &departure->rings[i], &why, &this_one) && why) {
			snprintf(words, size, "queue%u: %s", i, why);
			return words;
		}
		proven |= this_one;
	}
	return proven ? NULL : "no ring shows that it is the same";
}

/* As if the ring had stopped on this connection. What the front-end's own region says goes first. */
static void ring_adopt(struct vhost_queue *queue, const struct session_ring *left)
{
	struct session_ring *state = queue->state;
	const struct ring_ops *ops = format_ops(left->packed);
	void *region;

	if (!left->has_run)
		return;
	region = queue_inflight(queue, ops, left->ran.size);
	if (region != queue->inflight && inflight_head_size(region) != 0)
		return;
	if (region != queue->inflight)
		inflight_copy(region, queue->inflight, ops->inflight_size(left->ran.size));
	state->departed = 1;
	run_copy(state, left);
}

/* A process that dies in here leaves the same question to the next one, and all of this can be done again. */
void departure_decide(struct vhost_device *device)
{
	struct session_departure *departure = &device->session->departure;
	char words[128];
	const char *why;

	if (departure->state != SESSION_DEPARTURE_AWAITED)
		return;
	why = session_differs(device, words, sizeof(words));
	if (why) {
		log_limited(&device->back_limit, LOG_LEVEL_INFO, device->tag,
			    "not the session that the last front-end left, which is dropped: %s", why);
		departure_drop(device);
		return;
	}
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		ring_adopt(&device->queues[i], &departure->rings[i]);
	device->ops->come_back(device->ctx);
	fault_point(FAULT_CAME_BACK);
	compiler_barrier();
	departure->state = SESSION_DEPARTURE_NONE;
	log_limited(&device->back_limit, LOG_LEVEL_INFO, device->tag, "the front-end is back, its session goes on");
}
