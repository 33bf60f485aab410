/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Restoring what an earlier process had of a connection. */
#include "vhost/lifecycle/restore.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "vhost/lifecycle/connection.h"
#include "vhost/protocol/dispatch.h"
#include "vhost/queue/start_stop.h"

static int take(struct vhost_device *device, enum vhost_fd_kind kind, unsigned index)
{
	return device->fd_store.take(device->fd_store.ctx, vhost_fd_key(kind, index));
}

/*
 * A message that is to be replayed, over what an earlier process had done of it: then an fd may be missing that
 * was to be replaced, or taken out. What was to be with it is not, until the message is done.
 */
static bool replay_is_due(const struct vhost_device *device)
{
	return message_is_complete(&device->session->rx) && !device->session->rx.executed;
}

/* Of what a replay sets anew nothing is left. */
static int tolerate(const struct vhost_device *device, int r, void *state, size_t size)
{
	if (r == 0 || !replay_is_due(device))
		return r;
	memset(state, 0, size);
	return 0;
}

static int restore_memory(struct vhost_device *device)
{
	for (unsigned i = 0; i < SESSION_SLOTS_MAX; i++) {
		int r, fd;

		if (device->session->regions[i].size == 0)
			continue;
		fd = take(device, VHOST_FD_MEMORY, i);
		r = fd < 0 ? -EBADF : memory_restore(&device->memory, i, fd);
		fd_close(&fd);
		r = tolerate(device, r, &device->session->regions[i], sizeof(device->session->regions[i]));
		if (r < 0)
			return r;
	}
	return 0;
}

static int restore_inflight(struct vhost_device *device)
{
	struct vhost_user_inflight *wire = &device->session->inflight;
	int fd, r;

	if (wire->mmap_size == 0)
		return 0;
	fd = take(device, VHOST_FD_INFLIGHT, 0);
	r = fd < 0 ? -EBADF : inflight_map_open(&device->inflight_map, wire, fd, device->ops->n_queues);
	fd_close(&fd);
	return tolerate(device, r, wire, sizeof(*wire));
}

/* A log that cannot be mapped would leave pages out of a migration: then the session ends. */
static int restore_log(struct vhost_device *device)
{
	int r, fd;

	dirty_log_set_call(&device->dirty_log, take(device, VHOST_FD_LOG_CALL, 0));
	if (device->session->log.size == 0)
		return 0;
	fd = take(device, VHOST_FD_LOG, 0);
	r = fd < 0 ? -EBADF : dirty_log_restore(&device->dirty_log, fd);
	fd_close(&fd);
	return tolerate(device, r, &device->session->log, sizeof(device->session->log));
}

int restore_connection(struct vhost_device *device)
{
	int r;

	device->fd = take(device, VHOST_FD_CONNECTION, 0);
	if (device->fd < 0 || device->session->bound)
		return -EBADF;
	device->has_spoken = true; /* nothing tells; it most likely had */
	r = message_restore(&device->session->rx, &device->rx_fds, &device->fd_store, device->ops->restore_blameless);
	if (r < 0)
		return r;
	backend_channel_open(&device->backend_channel, take(device, VHOST_FD_BACKEND_REQ, 0));
	r = restore_memory(device);
	if (r == 0)
		r = restore_inflight(device);
	if (r == 0)
		r = restore_log(device);
	if (r < 0)
		return r;
	device_apply_features(device);
	r = connection_listen(device);
	if (r < 0)
		return r;
	if (device->ops->connected)
		device->ops->connected(device->ctx, true);
	if (device->session->has_features && device->ops->features_set)
		device->ops->features_set(device->ctx, device->session->features);
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		device->reported_left_out |=
			device->session->rings[i].has_run && device->ops->features & ~device->session->features;
	/* Backwards: see restore_queues(). */
	for (unsigned i = device->ops->n_queues; i-- > 0 && r == 0;) {
		int kick = take(device, VHOST_FD_KICK, i);

		if (kick < 0 && replay_is_due(device) && device->session->rings[i].kick == SESSION_KICK_FD)
			device->session->rings[i].kick = SESSION_KICK_NONE;
		r = queue_restore(&device->queues[i], kick, take(device, VHOST_FD_CALL, i),
				  take(device, VHOST_FD_ERR, i));
	}
	if (r < 0)
		return r;
	log_info(device->tag, "session restored");
	return 0;
}

/*
 * The last queue first, before any kick is seen: what the device holds for long (event buffers) is held again before a
 * request that may end it is done again. Not under a message that changes what rings stand on.
 */
void restore_queues(struct vhost_device *device)
{
	if (replay_is_due(device) && device->session->rx.header.request != VHOST_USER_VRING_KICK)
		return;
	for (unsigned i = device->ops->n_queues; i-- > 0;)
		queue_dispatch(&device->queues[i]);
}

/* What an earlier process had begun with a message, that it was executing or answering. */
void restore_message(struct vhost_device *device)
{
	const char *why = NULL;

	if (!message_is_complete(&device->session->rx))
		return;
	if (dispatch_message(device, &why) < 0)
		connection_close(device, why, true);
}
