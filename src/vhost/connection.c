/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A device's life: attach, connect, messages, disconnect. The top of the library. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/util.h"
#include "vhost/protocol.h"

static void on_readable(struct loop_watch *watch, uint32_t events)
{
	struct vhost_device *device = container_of(watch, struct vhost_device, watch);
	struct session_rx *rx = &device->session->rx;
	const struct message_spec *spec;
	const char *why = NULL;
	int r;

	/* One message a turn: a front-end that floods us starves no ring. */
	r = message_receive(device->fd, rx, &device->rx_fds, &why);
	if (r == 1) {
		device->has_spoken = true;
		r = protocol_execute(device, &why);
		if (r == 0) {
			message_done(rx, &device->rx_fds);
			return;
		}
	}
	if (r == 0)
		return;

	spec = rx->have >= sizeof(rx->header) ? message_spec_find(rx->header.request) : NULL;
	if (!why)
		log_info(device->tag, "the front-end disconnected");
	else if (spec)
		log_warning(device->tag, "connection closed: %s: %s", spec->name, why);
	else if (rx->have >= sizeof(rx->header))
		log_warning(device->tag, "connection closed: message %u: %s", rx->header.request, why);
	else
		log_warning(device->tag, "connection closed: %s", why);
	vhost_device_disconnect(device);
}

/*
 * A ring that ran before starts afresh: a guest was reset, or another driver took over (vhost-user has no message for
 * it that QEMU's vhost-user-gpio or virtio_uml would send). The first such start since all rings stopped is the reset.
 */
static void on_restarted(struct queue_host *host, struct vhost_queue *restarted)
{
	struct vhost_device *device = container_of(host, struct vhost_device, queue_host);

	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		if (device->queues[i].running)
			return;
	}
	if (device->was_reset)
		return;
	device->was_reset = true;
	log_info(device->tag, "the guest was reset");
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		if (&device->queues[i] != restarted)
			queue_forget(&device->queues[i]);
	}
	if (device->ops->reset)
		device->ops->reset(device->ctx);
}

static void device_init(struct vhost_device *device, struct loop *loop, const struct vhost_ops *ops, void *ctx,
			struct session *session, const struct vhost_keeper *keeper, const char *tag)
{
	device->loop = loop;
	device->ops = ops;
	device->ctx = ctx;
	device->tag = tag;
	device->session = session;
	device->keeper = *keeper;
	device->fd = device->backend_req_fd = -1;
	memory_init(&device->memory, session->regions);
	device->queue_host = (struct queue_host){
		.loop = loop,
		.memory = &device->memory,
		.features = &session->features,
		.ops = ops,
		.ctx = ctx,
		.restarted = on_restarted,
	};
	for (unsigned i = 0; i < ops->n_queues; i++)
		queue_init(&device->queues[i], &device->queue_host, i, session, tag);
}

static int take(struct vhost_device *device, enum vhost_fd_kind kind, unsigned index)
{
	return device->keeper.take(device->keeper.ctx, (uint32_t)kind << 16 | index);
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
		if (r < 0)
			return r;
	}
	return 0;
}

/* Takes up what an earlier process left. -errno: it can not be, and the session is to be dropped. */
static int device_resume(struct vhost_device *device)
{
	int r;

	device->fd = take(device, VHOST_FD_CONNECTION, 0);
	if (device->fd < 0)
		return -EBADF;
	device->has_spoken = true; /* nothing tells; it most likely had */
	device->backend_req_fd = take(device, VHOST_FD_BACKEND_REQ, 0);
	r = restore_memory(device);
	if (r < 0)
		return r;
	r = loop_watch_add(device->loop, &device->watch, device->fd, EPOLLIN, on_readable);
	if (r < 0)
		return r;
	if (device->ops->connected)
		device->ops->connected(device->ctx, true);
	if (device->session->has_features && device->ops->features_set)
		device->ops->features_set(device->ctx, device->session->features);
	for (unsigned i = 0; i < device->ops->n_queues && r == 0; i++)
		r = queue_attach(&device->queues[i], take(device, VHOST_FD_KICK, i), take(device, VHOST_FD_CALL, i),
				 take(device, VHOST_FD_ERR, i));
	if (r == 0)
		log_info(device->tag, "session resumed");
	return r;
}

int vhost_device_attach(struct vhost_device **ret, struct loop *loop, const struct vhost_ops *ops, void *ctx,
			void *memory, const struct vhost_keeper *keeper, const char *tag)
{
	struct session *session = memory;
	struct vhost_device *device;

	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	if (session->magic == 0) {
		session_clear(session, ops->n_queues);
	} else if (!session_check(session, ops->n_queues)) {
		log_warning(tag, "the saved session makes no sense: dropped");
		session_clear(session, ops->n_queues);
	}
	device_init(device, loop, ops, ctx, session, keeper, tag);
	*ret = device;
	if (session->connected) {
		int r = device_resume(device);

		if (r < 0) {
			log_warning(tag, "the saved session can not be resumed: %s: dropped", strerror(-r));
			vhost_device_disconnect(device);
		}
	}
	return 0;
}

/* What this process holds of a connection. */
static void close_all(struct vhost_device *device)
{
	loop_watch_del(&device->watch);
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		queue_deinit(&device->queues[i]);
	memory_deinit(&device->memory);
	message_fds_close(&device->rx_fds);
	fd_close(&device->backend_req_fd);
	fd_close(&device->fd);
}

void vhost_device_detach(struct vhost_device *device)
{
	if (!device)
		return;
	close_all(device);
	free(device);
}

int vhost_device_connect(struct vhost_device *device, int fd)
{
	int r = loop_watch_add(device->loop, &device->watch, fd, EPOLLIN, on_readable);

	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	device->fd = fd;
	device_keep(device, VHOST_FD_CONNECTION, 0, fd);
	device->session->connected = 1;
	device->has_spoken = false;
	if (device->ops->connected)
		device->ops->connected(device->ctx, true);
	return 0;
}

bool vhost_device_is_connected(const struct vhost_device *device)
{
	return device->session->connected;
}

bool vhost_device_has_spoken(const struct vhost_device *device)
{
	return device->has_spoken;
}

void vhost_device_disconnect(struct vhost_device *device)
{
	const struct session *session = device->session;

	if (!session->connected)
		return;
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		for (int kind = VHOST_FD_KICK; kind <= VHOST_FD_ERR; kind++)
			device_keep(device, kind, i, -1);
	}
	for (unsigned i = 0; i < SESSION_SLOTS_MAX; i++) {
		if (session->regions[i].size > 0)
			device_keep(device, VHOST_FD_MEMORY, i, -1);
	}
	device_keep(device, VHOST_FD_BACKEND_REQ, 0, -1);
	device_keep(device, VHOST_FD_CONNECTION, 0, -1);
	close_all(device);
	session_clear(device->session, device->ops->n_queues);
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		queue_init(&device->queues[i], &device->queue_host, i, device->session, device->tag);
	device->was_reset = false;
	if (device->ops->reset)
		device->ops->reset(device->ctx);
	if (device->ops->connected)
		device->ops->connected(device->ctx, false);
}
