/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the message handlers and the connection share: features, kept fds, reset. */
#include "vhost/device.h"

#define PROTOCOL(feature) (1ull << VHOST_USER_PROTOCOL_F_##feature)

uint64_t device_features(const struct vhost_device *device)
{
	return device->ops->features | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |
	       VIRTIO_F_RING_PACKED | VHOST_USER_F_PROTOCOL_FEATURES;
}

uint64_t device_protocol_features(const struct vhost_device *device)
{
	return PROTOCOL(MQ) | PROTOCOL(REPLY_ACK) | PROTOCOL(BACKEND_REQ) | PROTOCOL(CONFIG) |
	       PROTOCOL(INFLIGHT_SHMFD) | PROTOCOL(RESET_DEVICE) | PROTOCOL(INBAND_NOTIFICATIONS) |
	       PROTOCOL(CONFIGURE_MEM_SLOTS) | PROTOCOL(STATUS) |
	       (device->ops->state_save ? PROTOCOL(DEVICE_STATE) : 0);
}

void device_keep(struct vhost_device *device, enum vhost_fd_kind kind, unsigned index, int fd)
{
	uint32_t key = (uint32_t)kind << 16 | index;

	if (fd >= 0)
		device->keeper.keep(device->keeper.ctx, key, fd);
	else
		device->keeper.drop(device->keeper.ctx, key);
}

void device_reset(struct vhost_device *device)
{
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		queue_stop(&device->queues[i]);
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		struct vhost_queue *queue = &device->queues[i];

		queue_forget(queue);
		queue->state->enabled = 0;
		queue->state->broken = 0;
	}
	device->session->status = 0;
	if (device->ops->reset)
		device->ops->reset(device->ctx);
}
