/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* When the device looks at a ring that has just started. */
#include "vhost/queue/first_look.h"

#include "base/util.h"
#include "loop/timer.h"

#define TIMEOUT_NS (500ull * 1000 * 1000)

void first_look_fd(struct vhost_queue *queue)
{
	queue->kick_unproven = kick_is_pending(&queue->kick) ? KICK_UNPROVEN_UNREAD : KICK_PROVEN;
}

/* The kick that came with the fd counts as one, whoever made it. */
void first_look_kicked(struct vhost_queue *queue, uint64_t count)
{
	if (queue->kick_unproven == KICK_UNPROVEN_UNREAD && count == 1) {
		queue->kick_unproven = KICK_UNPROVEN_READ;
		return;
	}
	queue->kick_unproven = KICK_PROVEN;
	loop_timer_del(&queue->poll);
}

static void on_timeout(struct loop_timer *timer)
{
	struct vhost_queue *queue = container_of(timer, struct vhost_queue, poll);

	queue->kick_unproven = KICK_PROVEN;
	queue_dispatch(queue);
}

/* A ring that no back-end has run, and nobody kicked: nothing is in it. */
static bool is_untouched(const struct vhost_queue *queue)
{
	const struct session_ring *state = queue->state;
	const void *region = inflight_map_region(queue->host->inflight_map, queue->index,
						 queue_ring_ops(queue)->inflight_size, state->layout.size);

	return !state->has_run && !state->started && !kick_is_pending(&queue->kick) &&
	       (!region || inflight_head_size(region) == 0);
}

bool vhost_queue_look(struct vhost_queue *other, unsigned index, uint32_t chains)
{
	struct vhost_queue *queue = &other->host->queues[index];

	if (!queue->running)
		return is_untouched(queue);
	if (queue->kick_unproven != KICK_PROVEN)
		kick_take(&queue->kick);
	if (queue->kick_unproven != KICK_PROVEN)
		return !queue->ring.ops->arm_kick(&queue->ring);
	queue_dispatch_for(queue, other, chains);
	return vhost_queue_is_drained(queue);
}

void first_look(struct vhost_queue *queue)
{
	const struct ring_ops *ops = queue->ring.ops;

	if (queue->kick_unproven == KICK_PROVEN || ops->position(&queue->ring) != ops->position_of_new) {
		queue_ready_later(queue);
		return;
	}
	/* No chain: its kick will come. */
	if (!ops->arm_kick(&queue->ring))
		return;
	log_debug(queue->tag, "a chain is available, waiting for its kick");
	if (loop_timer_set(queue->host->loop, &queue->poll, TIMEOUT_NS, 0, on_timeout) < 0)
		queue_ready_later(queue);
}
