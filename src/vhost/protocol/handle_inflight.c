/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Message handlers: in-flight regions in the front-end's hand. vhost-user.rst, "Inflight I/O tracking". */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "vhost/protocol/handle.h"
#include "vhost/queue/resume.h"
#include "vhost/queue/start_stop.h"

/* Zeroed memory of that size, which nobody can make smaller under us. */
static int region_create(uint64_t size)
{
	int fd = memfd_create("inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 &&
	    (ftruncate(fd, (off_t)size) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0))
		fd_close(&fd);
	return fd;
}

/* A size of 0 says that there is none: rings go on without, as they do when the front-end never asks. */
const char *handle_get_inflight_fd(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	const struct ring_ops *ops = queue_ring_ops(&device->queues[0]);
	struct vhost_user_inflight wire = { 0 };

	memcpy(&wire, message->payload, message->header->size);
	wire.mmap_size = wire.mmap_offset = 0;
	if (wire.num_queues > 0 && wire.num_queues <= VHOST_QUEUES_MAX && ops->size_valid(wire.queue_size)) {
		uint64_t size = wire.num_queues * ops->inflight_size(wire.queue_size);

		reply->fd = region_create(size);
		if (reply->fd >= 0)
			wire.mmap_size = size;
	}
	if (reply->fd < 0)
		log_limited(&device->log_limit, LOG_LEVEL_WARNING, device->tag,
			    "cannot create an in-flight region for %u queues of %u entries", wire.num_queues,
			    wire.queue_size);
	reply_set(reply, &wire, message->header->size);
	return NULL;
}

const char *handle_set_inflight_fd(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	struct vhost_user_inflight wire = { 0 };
	struct inflight_map map;
	int r;

	memcpy(&wire, message->payload, message->header->size);
	r = inflight_map_open(&map, &wire, message->fds->fd[0], device->ops->n_queues);
	if (r < 0)
		return r == -EINVAL ? "in-flight region is invalid or exceeds its file" : strerror(-r);
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		queue_stop(&device->queues[i]);
		queue_carry_inflight(&device->queues[i], &map);
	}
	/* A process that dies in between leaves one or the other: both are valid now. */
	device_store_fd(device, VHOST_FD_INFLIGHT, 0, message->fds->fd[0]);
	device->session->inflight = wire;
	inflight_map_close(&device->inflight_map);
	device->inflight_map = map;
	device_each_queue(device, queue_update);
	return NULL;
}
