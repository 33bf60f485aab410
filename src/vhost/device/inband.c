/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Calls and errors of rings as messages. What cannot be sent now waits as one bit a ring: a call that says "look" says
 * the same as two.
 *
 * Only for a front-end that never set an fd: one that said "no fd" will poll ("SET_VRING_CALL"), and QEMU, which says so
 * of rings without an interrupt vector, negotiates the feature because it is offered and knows none of its messages.
 */
#include "vhost/device/inband.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

static const enum vhost_user_backend_request requests[QUEUE_NOTICES] = {
	[QUEUE_NOTICE_CALL] = VHOST_USER_BACKEND_VRING_CALL,
	[QUEUE_NOTICE_ERR] = VHOST_USER_BACKEND_VRING_ERR,
};

static void send_notice(struct vhost_device *device, struct vhost_queue *queue, enum queue_notice notice)
{
	const struct vhost_user_vring_state state = { .index = queue->index };
	bool has_channel = device->backend_channel.fd >= 0;
	int r = backend_channel_send(&device->backend_channel, requests[notice], &state, sizeof(state));

	queue->notice_pending[notice] = r < 0;
	if (r < 0 && r != -EAGAIN && has_channel)
		log_limited(&device->log_limit, LOG_LEVEL_WARNING, device->tag, "closing back-end channel: %s",
			    strerror(-r));
}

void inband_notify(struct queue_host *host, struct vhost_queue *queue, enum queue_notice notice)
{
	struct vhost_device *device = container_of(host, struct vhost_device, queue_host);

	bool by_fd = notice == QUEUE_NOTICE_CALL ? queue->state->has_call_fd : queue->state->has_err_fd;

	if (device_negotiated(device, VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS) && !by_fd)
		send_notice(device, queue, notice);
	else if (notice == QUEUE_NOTICE_CALL)
		queue->signal_once = true;
}

void inband_send_pending(struct vhost_device *device)
{
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		for (int notice = 0; notice < QUEUE_NOTICES; notice++) {
			if (device->queues[i].notice_pending[notice])
				send_notice(device, &device->queues[i], notice);
		}
	}
}
