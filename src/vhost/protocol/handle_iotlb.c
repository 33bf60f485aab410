/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The message handler of IOTLB_MSG: translations that are given and taken back. vhost-user.rst, "IOMMU support". */
#include <string.h>

#include "vhost/protocol/handle.h"
#include "vhost/queue/start_stop.h"

static void translated(struct vhost_device *device, uint64_t first, uint64_t last)
{
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		queue_translated(&device->queues[i], first, last);
}

static const char *update(struct vhost_device *device, const struct vhost_user_iotlb *wire)
{
	const struct iotlb_range range = {
		.first = wire->iova,
		.last = wire->iova + (wire->size - 1),
		.user = wire->user_addr,
		.perm = wire->perm & (IOTLB_READ | IOTLB_WRITE),
		.denied = wire->perm == 0 ? IOTLB_READ | IOTLB_WRITE : 0,
	};

	if (wire->size == 0 || range.last < range.first || wire->perm > (IOTLB_READ | IOTLB_WRITE))
		return "translation is empty, wraps around or has an unknown permission";
	if (range.perm && !memory_has_user(&device->memory, (struct user_addr){ wire->user_addr }, wire->size))
		return "translation to an address outside guest memory";
	device_flush(device);
	iotlb_update(&device->iotlb, &range);
	translated(device, range.first, range.last);
	return NULL;
}

/* What wraps around is cut: to take back too little would be wrong. Size 0 at 0 is everything, as in the kernel. */
static const char *invalidate(struct vhost_device *device, const struct vhost_user_iotlb *wire)
{
	uint64_t last = wire->iova + (wire->size - 1);

	if (last < wire->iova)
		last = UINT64_MAX;
	device_flush(device);
	iotlb_invalidate(&device->iotlb, wire->iova, last);
	translated(device, wire->iova, last);
	return NULL;
}

/* From the front-end, as an answer to a miss: there is no translation, and no permission. */
static const char *access_fail(struct vhost_device *device, const struct vhost_user_iotlb *wire)
{
	struct vhost_user_iotlb denied = *wire;

	denied.perm = 0;
	if (denied.size == 0)
		denied.size = 1;
	return update(device, &denied);
}

const char *handle_iotlb_msg(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	struct vhost_user_iotlb wire = { 0 };

	memcpy(&wire, message->payload, message->header->size);
	if (!device_has(device, VIRTIO_F_ACCESS_PLATFORM))
		return "VIRTIO_F_ACCESS_PLATFORM not negotiated";
	switch (wire.type) {
	case VHOST_USER_IOTLB_UPDATE:
		return update(device, &wire);
	case VHOST_USER_IOTLB_INVALIDATE:
		return invalidate(device, &wire);
	case VHOST_USER_IOTLB_ACCESS_FAIL:
		return access_fail(device, &wire);
	default:
		return "unexpected IOTLB message type";
	}
}
