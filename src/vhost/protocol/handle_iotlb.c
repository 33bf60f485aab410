/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Translations of a virtual IOMMU: asked for over the channel of the back-end, given and taken back by IOTLB_MSG.
 * vhost-user.rst, "IOMMU support". Nothing waits: a queue that misses a translation is looked at again when one comes.
 */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/util.h"
#include "vhost/protocol/handle.h"

static void translated(struct vhost_device *device, uint64_t first, uint64_t last)
{
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		queue_translated(&device->queues[i], first, last);
}

static int send_miss(struct vhost_device *device, const struct iotlb_miss *miss)
{
	const struct vhost_user_iotlb payload = {
		.iova = miss->addr,
		.perm = miss->perm,
		.type = VHOST_USER_IOTLB_MISS,
	};

	return backend_channel_send(&device->backend_channel, VHOST_USER_BACKEND_IOTLB_MSG, &payload, sizeof(payload));
}

/* Sends what was not sent; what there is no room for waits for channel_ready(). 0, or -errno: there is no channel. */
static int send_misses(struct vhost_device *device)
{
	struct iotlb_miss *miss;

	while ((miss = iotlb_unsent(&device->iotlb))) {
		int r = send_miss(device, miss);

		if (r == -EAGAIN)
			return 0;
		if (r < 0) {
			log_limited(&device->log_limit, LOG_LEVEL_WARNING, device->tag,
				    "cannot ask for a translation: %s", strerror(-r));
			device->iotlb.n_misses = 0;
			return r;
		}
		log_debug(device->tag, "requested translation of 0x%llx, permission %u", (unsigned long long)miss->addr,
			  miss->perm);
		miss->sent = true;
	}
	return 0;
}

bool device_iotlb_ask(struct queue_host *host)
{
	struct vhost_device *device = container_of(host, struct vhost_device, queue_host);
	struct memory *memory = &device->memory;
	unsigned perm = memory->missed.perm;

	memory->missed.perm = 0;
	if (perm == 0)
		return false;
	iotlb_miss(&device->iotlb, memory->missed.addr, perm);
	return send_misses(device) == 0;
}

void device_iotlb_channel_changed(struct vhost_device *device)
{
	for (size_t i = 0; i < device->iotlb.n_misses; i++)
		device->iotlb.misses[i].sent = false;
}

/* The queues look again: one that found the list of misses full has not asked yet, one without a channel gives up. */
void device_iotlb_channel_ready(struct vhost_device *device)
{
	send_misses(device);
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		queue_retry(&device->queues[i]);
}

void device_iotlb_clear(struct vhost_device *device)
{
	iotlb_clear(&device->iotlb);
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
