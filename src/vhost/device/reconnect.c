/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The session of a front-end that went: saved, compared with the next one, restored or dropped. */
#include "vhost/device/reconnect.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/barrier.h"
#include "base/fault.h"
#include "vhost/queue/resume.h"

/* How far a ring came; has_run is the last to be set. */
static void run_copy(struct session_ring *to, const struct session_ring *from)
{
	to->ran = from->ran;
	to->locations = from->locations;
	to->position = from->position;
	to->fingerprint = from->fingerprint;
	to->lag = from->lag;
	to->packed = from->packed;
	to->has_run = 1;
}

/* Of a ring that never ran here, or that is broken, there is nothing to go on with. */
static bool ring_save(struct vhost_queue *queue, struct session_ring *saved)
{
	const struct session_ring *state = queue->state;
	const struct ring_ops *ops = ring_format(state->packed);
	const void *region;

	*saved = (struct session_ring){ 0 };
	if (!state->has_run || state->broken || state->transferred)
		return false;
	region = queue_inflight(queue, ops, state->ran.size);
	if (region != queue->inflight)
		inflight_copy(queue->inflight, region, ops->inflight_size(state->ran.size));
	run_copy(saved, state);
	return true;
}

void reconnect_save(struct vhost_device *device)
{
	struct session_reconnect *reconnect = &device->session->reconnect;
	bool any = false;

	/* An earlier process has saved it and died; or no ring has run since the last one was saved. */
	if (reconnect->state != SESSION_RECONNECT_NONE || !device->ops->reconnect_save)
		return;
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		any |= ring_save(&device->queues[i], &reconnect->rings[i]);
	if (!any)
		return;
	reconnect->features = device->session->features;
	device->ops->reconnect_save(device->ctx);
	compiler_barrier();
	reconnect->state = SESSION_RECONNECT_CLOSING;
	fault_point(FAULT_RECONNECT_SAVED);
}

void reconnect_reset(struct vhost_device *device)
{
	switch (device->session->reconnect.state) {
	case SESSION_RECONNECT_CLOSING:
		device->ops->reconnect_reset(device->ctx);
		fault_point(FAULT_RECONNECT_RESET);
		break;
	case SESSION_RECONNECT_AWAITED:
		break; /* of the last one; this one did nothing */
	default:
		device_begin_anew(device);
	}
}

void reconnect_await(struct vhost_device *device)
{
	struct session_reconnect *reconnect = &device->session->reconnect;

	compiler_barrier();
	if (reconnect->state == SESSION_RECONNECT_CLOSING)
		reconnect->state = SESSION_RECONNECT_AWAITED;
}

void reconnect_drop(struct vhost_device *device)
{
	struct session_reconnect *reconnect = &device->session->reconnect;

	if (reconnect->state == SESSION_RECONNECT_NONE)
		return;
	device_begin_anew(device);
	compiler_barrier();
	reconnect->state = SESSION_RECONNECT_NONE;
}

/*
 * One of the rings, as it is set up now. False: it cannot be told yet. proven: a fresh ring would look otherwise. The
 * front-end's in-flight regions, if there are some, do not count here: it can write there.
 */
static bool ring_compare(struct vhost_queue *queue, const struct session_ring *saved, const char **why, bool *proven)
{
	const struct session_ring_layout *layout = &queue->state->layout;
	const struct ring_ops *ops = queue_ring_ops(queue);
	struct ring ring;
	uint16_t *heads, n;

	if (!saved->has_run || !queue->state->has_addr || !ops->size_valid(layout->size))
		return false;
	ring_init(&ring, ops, *queue->host->features, queue->inflight);
	if (ops->resolve(&ring, queue->host->memory, layout) < 0)
		return false;
	heads = malloc(ring.size * sizeof(*heads));
	*why = heads ? queue_differs(queue, saved, &ring, heads, &n) : "out of memory";
	*proven = !*why && ops->recognize(&ring, saved->fingerprint) > 0;
	free(heads);
	return true;
}

/* NULL: it is the same session; else why not. */
static const char *session_differs(struct vhost_device *device, char *words, size_t size)
{
	const struct session_reconnect *reconnect = &device->session->reconnect;
	bool proven = false;

	if ((reconnect->features ^ device->session->features) & ~VHOST_F_LOG_ALL)
		return "different features";
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		const char *why = NULL;
		bool this_one = false;

		if (ring_compare(&device->queues[i], &reconnect->rings[i], &why, &this_one) && why) {
			snprintf(words, size, "queue%u: %s", i, why);
			return words;
		}
		proven |= this_one;
	}
	return proven ? NULL : "no ring proves that it is the same";
}

/* As if the ring had stopped on this connection. What the front-end's own region says goes first. */
static void ring_adopt(struct vhost_queue *queue, const struct session_ring *saved)
{
	struct session_ring *state = queue->state;
	const struct ring_ops *ops = ring_format(saved->packed);
	void *region;

	if (!saved->has_run)
		return;
	region = queue_inflight(queue, ops, saved->ran.size);
	if (region != queue->inflight && inflight_head_size(region) != 0)
		return;
	if (region != queue->inflight)
		inflight_copy(region, queue->inflight, ops->inflight_size(saved->ran.size));
	state->reconnected = 1;
	run_copy(state, saved);
}

/* A process that dies in here leaves the same question to the next one, and all of this can be done again. */
void reconnect_decide(struct vhost_device *device, bool kicked)
{
	struct session_reconnect *reconnect = &device->session->reconnect;
	char words[128];
	const char *why;

	if (reconnect->state != SESSION_RECONNECT_AWAITED)
		return;
	why = session_differs(device, words, sizeof(words));
	if (why && !kicked)
		return;
	if (why) {
		log_limited(&device->reconnect_limit, LOG_LEVEL_INFO, device->tag,
			    "not the previous front-end, dropping the saved session: %s", why);
		reconnect_drop(device);
		return;
	}
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		ring_adopt(&device->queues[i], &reconnect->rings[i]);
	device->ops->reconnect_restore(device->ctx);
	fault_point(FAULT_RECONNECT_RESTORED);
	compiler_barrier();
	reconnect->state = SESSION_RECONNECT_NONE;
	log_limited(&device->reconnect_limit, LOG_LEVEL_INFO, device->tag,
		    "front-end reconnected, continuing its session");
}
