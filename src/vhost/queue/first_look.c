/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The first look at a new ring, when the only kick so far may not be the driver's.
 *
 * QEMU hands over kick fds that are signalled already, so a ring is looked at once it has started. By then the driver
 * may be in the midst of adding its first request, most of all when translations had to be asked for first
 * (VIRTIO_F_ACCESS_PLATFORM): a chain is there, and not kicked for yet. A device may take it. But in a packed ring,
 * virtqueue_add_packed() of Linux makes an indirect chain available before it notes whose it is, and gpio-virtio does
 * not keep its interrupt out meanwhile (seen with 6.1): to an answer that comes so early it says "id 0 is not a head!"
 * and gives up the ring, until the next reset. So that chain is left alone until the driver's own kick, or, should that
 * have come before the fd did, for a moment.
 */
#include <poll.h>

#include "base/util.h"
#include "vhost/queue/queue.h"

#define TIMEOUT_NS (500ull * 1000 * 1000)

void first_look_fd(struct vhost_queue *queue)
{
	struct pollfd pfd = { .fd = queue->kick_fd, .events = POLLIN };

	queue->kick_unproven = poll(&pfd, 1, 0) > 0 && pfd.revents & POLLIN ? KICK_UNPROVEN_UNREAD : KICK_PROVEN;
}

/* The kick that came with the fd counts as one, whoever made it. */
void first_look_kicked(struct vhost_queue *queue, uint64_t count)
{
	if (queue->kick_unproven == KICK_PROVEN)
		return;
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
