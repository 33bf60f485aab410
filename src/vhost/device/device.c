/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the message handlers and the connection share: features, stored fds, reset. */
#include "vhost/device/device.h"

#include "vhost/queue/resume.h"
#include "vhost/queue/start_stop.h"

#define PROTOCOL(feature) (1ull << VHOST_USER_PROTOCOL_F_##feature)

/*
 * Translations are asked for over the channel of the back-end: a front-end that did not negotiate it is not offered
 * ACCESS_PLATFORM. QEMU asks for the features again once it has. User-Mode Linux asks before, and must not see the bit:
 * its driver would take it, and its transport has no IOTLB.
 */
uint64_t device_features(const struct vhost_device *device)
{
	const uint64_t iotlb_needs = PROTOCOL(BACKEND_REQ) | PROTOCOL(REPLY_ACK);
	uint64_t features = device->ops->features | VHOST_F_LOG_ALL | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC |
			    VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED | VHOST_USER_F_PROTOCOL_FEATURES;

	if (device->ops->iommu && (device->session->protocol_features & iotlb_needs) == iotlb_needs)
		features |= VIRTIO_F_ACCESS_PLATFORM;
	return features;
}

uint64_t device_protocol_features(const struct vhost_device *device)
{
	return PROTOCOL(MQ) | PROTOCOL(LOG_SHMFD) | PROTOCOL(REPLY_ACK) | PROTOCOL(BACKEND_REQ) | PROTOCOL(CONFIG) |
	       PROTOCOL(INFLIGHT_SHMFD) | PROTOCOL(RESET_DEVICE) | PROTOCOL(INBAND_NOTIFICATIONS) |
	       PROTOCOL(CONFIGURE_MEM_SLOTS) | PROTOCOL(STATUS) |
	       (device->ops->state_save ? PROTOCOL(DEVICE_STATE) : 0);
}

void device_each_queue(struct vhost_device *device, void (*fn)(struct vhost_queue *queue))
{
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		fn(&device->queues[i]);
}

void device_flush(struct vhost_device *device)
{
	device_each_queue(device, vhost_queue_publish);
}

void device_apply_features(struct vhost_device *device)
{
	device->dirty_log.on = device_has(device, VHOST_F_LOG_ALL);
	device->memory.iotlb = device_has(device, VIRTIO_F_ACCESS_PLATFORM) ? &device->iotlb : NULL;
}

bool device_is_suspended(const struct vhost_device *device)
{
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		if (device->queues[i].running)
			return false;
	}
	return true;
}

void device_store_fd(struct vhost_device *device, enum vhost_fd_kind kind, unsigned index, int fd)
{
	uint32_t key = vhost_fd_key(kind, index);

	if (fd < 0) {
		device->fd_store.drop(device->fd_store.ctx, key);
	} else if (device->fd_store.put(device->fd_store.ctx, key, fd) < 0) {
		device->session->bound = 1;
		log_limited(&device->fd_store_limit, LOG_LEVEL_WARNING, device->tag,
			    "cannot store a file descriptor: the session will not survive this worker");
	}
}

void device_begin_anew(struct vhost_device *device)
{
	device->session->epoch++;
	if (device->ops->reset)
		device->ops->reset(device->ctx);
}

void device_reset(struct vhost_device *device)
{
	device_each_queue(device, queue_stop);
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		struct vhost_queue *queue = &device->queues[i];

		queue_reset(queue);
		queue->state->enabled = 0;
		queue->state->broken = 0;
	}
	device_begin_anew(device);
	/* Last: SET_STATUS 0 that is replayed finds something to do. */
	device->session->status = 0;
}
