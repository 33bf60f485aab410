/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Translations that are missing: asked for. */
#include "vhost/device/translation.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "vhost/queue/start_stop.h"

static int send_miss(struct vhost_device *device, const struct iotlb_miss *miss)
{
	const struct vhost_user_iotlb payload = {
		.iova = miss->addr,
		.perm = miss->perm,
		.type = VHOST_USER_IOTLB_MISS,
	};

	return backend_channel_send(&device->backend_channel, VHOST_USER_BACKEND_IOTLB_MSG, &payload, sizeof(payload));
}

/* Sends what was not sent, as far as there is space. 0, or -errno: there is no channel. */
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

bool translation_ask(struct queue_host *host)
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

void translation_channel_changed(struct vhost_device *device)
{
	for (size_t i = 0; i < device->iotlb.n_misses; i++)
		device->iotlb.misses[i].sent = false;
}

/* The queues look again: one that found the list of misses full has not asked yet, one without a channel gives up. */
void translation_channel_ready(struct vhost_device *device)
{
	send_misses(device);
	device_each_queue(device, queue_retry);
}
