/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* When rings are looked at without a kick, and for how long. */
#include "vhost/device/busy_poll.h"

#include "base/barrier.h"
#include "base/clock.h"
#include "base/util.h"
#include "vhost/memory/sigbus_guard.h"

#define SLICE_NS	50000u
#define LOOKS_PER_CLOCK 16
#define SHARE_MIN	8 /* of the longest window: one that is shorter is none */
#define SKIP_MIN	16
#define SKIP_MAX	1024

static bool is_fit(const struct vhost_queue *queue)
{
	return queue->running && queue->state->kick == SESSION_KICK_FD && queue->kick_unproven == KICK_PROVEN &&
	       !(queue->ring.ops == &packed_ops && queue->ring.indirect);
}

/* Whether the work that was done, if any, is to be followed by a window. */
static bool window_is_due(struct busy_poll *poll)
{
	if (poll->seen_popped == poll->host->n_popped)
		return false;
	poll->seen_popped = poll->host->n_popped;
	if (poll->window_ns > 0)
		return true;
	if (poll->skip > 0) {
		poll->skip--;
		return false;
	}
	poll->window_ns = poll->max_ns;
	return true;
}

static bool begin(struct busy_poll *poll)
{
	bool any = false;

	if (!window_is_due(poll))
		return false;
	for (unsigned i = 0; i < poll->host->ops->n_queues; i++) {
		if (!is_fit(&poll->queues[i]))
			continue;
		queue_poll_begin(&poll->queues[i]);
		any = true;
	}
	poll->hit = false;
	poll->until_ns = any ? clock_now_ns() + poll->window_ns : 0;
	return any;
}

static void window_adapt(struct busy_poll *poll)
{
	if (poll->hit) {
		poll->window_ns = poll->window_ns * 2 < poll->max_ns ? poll->window_ns * 2 : poll->max_ns;
		poll->skip_next = SKIP_MIN;
		return;
	}
	poll->window_ns /= 2;
	if (poll->window_ns * SHARE_MIN >= poll->max_ns)
		return;
	poll->window_ns = 0;
	poll->skip = poll->skip_next;
	poll->skip_next = poll->skip_next * 2 < SKIP_MAX ? poll->skip_next * 2 : SKIP_MAX;
}

static void end(struct busy_poll *poll)
{
	poll->until_ns = 0;
	poll->seen_popped = poll->host->n_popped;
	window_adapt(poll);
	for (unsigned i = 0; i < poll->host->ops->n_queues; i++) {
		if (queue_poll_end(&poll->queues[i]))
			queue_ready_later(&poll->queues[i]);
	}
}

/* What one ring brings may be pushed on the other one. */
static void flush(struct busy_poll *poll)
{
	for (unsigned i = 0; i < poll->host->ops->n_queues; i++) {
		if (poll->queues[i].running && poll->queues[i].pushed)
			queue_flush(&poll->queues[i]);
	}
}

/* One look at each ring. */
static bool look(struct busy_poll *poll)
{
	bool found = false;

	for (unsigned i = 0; i < poll->host->ops->n_queues; i++) {
		struct vhost_queue *queue = &poll->queues[i];

		if (!queue->polled || queue->waits || !queue->ring.ops->has_next(&queue->ring))
			continue;
		queue_dispatch(queue);
		found = true;
	}
	if (found)
		flush(poll);
	return found;
}

static bool look_often(struct busy_poll *poll)
{
	for (unsigned i = 0; i < LOOKS_PER_CLOCK; i++) {
		if (look(poll))
			return true;
		cpu_relax();
	}
	return false;
}

/* Something that the loop has to do. */
static bool is_called_away(const struct busy_poll *poll)
{
	return poll->host->loop->defer_first || poll->host->loop->quit || sigbus_guard_tripped();
}

static bool on_before(struct loop_before *before)
{
	struct busy_poll *poll = container_of(before, struct busy_poll, before);
	uint64_t now, slice_end;

	if (poll->until_ns == 0 && !begin(poll))
		return false;
	now = clock_now_ns();
	slice_end = now + SLICE_NS;
	while (now < poll->until_ns && now < slice_end && !is_called_away(poll)) {
		bool found = look_often(poll);

		now = clock_now_ns();
		if (!found)
			continue;
		poll->hit = true;
		poll->until_ns = now + poll->window_ns;
	}
	if (now >= poll->until_ns)
		end(poll);
	return poll->until_ns > 0 || is_called_away(poll);
}

void busy_poll_init(struct busy_poll *poll, struct queue_host *host, struct vhost_queue *queues)
{
	const uint64_t max_ns = host->ops->busy_poll_us * 1000ull;

	*poll = (struct busy_poll){ .before.fn = on_before,
				    .host = host,
				    .queues = queues,
				    .max_ns = max_ns,
				    .window_ns = max_ns,
				    .skip_next = SKIP_MIN };
	if (max_ns > 0)
		host->loop->before = &poll->before;
}
