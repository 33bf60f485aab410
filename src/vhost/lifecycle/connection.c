/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A connection: its beginning, its messages, its end. */
#include "vhost/lifecycle/connection.h"

#include <poll.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/util.h"
#include "vhost/device/one_way.h"
#include "vhost/device/reconnect.h"
#include "vhost/memory/sigbus_guard.h"
#include "vhost/protocol/dispatch.h"
#include "vhost/queue/start_stop.h"

void connection_close(struct vhost_device *device, const char *why, bool has_header)
{
	const struct vhost_user_header *header = &device->session->rx.header;
	const struct message_spec *spec = has_header ? message_spec_find(header->request) : NULL;
	struct log_limit *limit = &device->close_limit;

	if (!why)
		log_limited(&device->leave_limit, LOG_LEVEL_INFO, device->tag, "front-end disconnected");
	else if (spec)
		log_limited(limit, LOG_LEVEL_WARNING, device->tag, "closing connection: %s: %s", spec->name, why);
	else if (has_header)
		log_limited(limit, LOG_LEVEL_WARNING, device->tag, "closing connection: message %u: %s",
			    header->request, why);
	else
		log_limited(limit, LOG_LEVEL_WARNING, device->tag, "closing connection: %s", why);
	vhost_device_disconnect(device);
}

static void on_readable(struct loop_watch *watch, uint32_t events)
{
	struct vhost_device *device = container_of(watch, struct vhost_device, watch);
	struct session_rx *rx = &device->session->rx;
	bool has_header;
	const char *why = NULL;
	int r;

	/* One message a turn: a front-end that floods us starves no ring. */
	r = message_receive(device->fd, rx, &device->rx_fds, &device->fd_store, &why);
	has_header = rx->have >= sizeof(rx->header);
	if (r == 1) {
		device->has_spoken = true;
		r = dispatch_message(device, &why);
	}
	if (r == 0)
		return;
	connection_close(device, why, has_header);
}

void connection_release(struct vhost_device *device)
{
	loop_watch_del(&device->watch);
	device_each_queue(device, queue_deinit);
	device->memory.iotlb = NULL;
	iotlb_clear(&device->iotlb);
	dirty_log_deinit(&device->dirty_log);
	message_fds_close(&device->rx_fds);
	state_transfer_cancel(&device->state_transfer);
	backend_channel_close(&device->backend_channel);
	fd_close(&device->fd);
	inflight_map_close(&device->inflight_map);
	memory_deinit(&device->memory);
}

int connection_listen(struct vhost_device *device)
{
	return loop_watch_add(device->loop, &device->watch, device->fd, EPOLLIN, on_readable);
}

int vhost_device_connect(struct vhost_device *device, int fd)
{
	int r;

	device->fd = fd;
	r = connection_listen(device);
	if (r < 0) {
		fd_close(&device->fd);
		return r;
	}
	device_store_fd(device, VHOST_FD_CONNECTION, 0, fd);
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

bool vhost_device_is_hung_up(const struct vhost_device *device)
{
	struct pollfd pfd = { .fd = device->fd, .events = POLLRDHUP };

	return poll(&pfd, 1, 0) > 0 && pfd.revents & (POLLRDHUP | POLLHUP | POLLERR);
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
	one_way_shut_all(device);
	device_each_queue(device, queue_deinit);
	reconnect_save(device);
	reconnect_reset(device);
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		for (int kind = VHOST_FD_KICK; kind <= VHOST_FD_ERR; kind++)
			device_store_fd(device, kind, i, -1);
	}
	for (unsigned i = 0; i < SESSION_SLOTS_MAX; i++) {
		if (session->regions[i].size > 0)
			device_store_fd(device, VHOST_FD_MEMORY, i, -1);
	}
	device_store_fd(device, VHOST_FD_INFLIGHT, 0, -1);
	device_store_fd(device, VHOST_FD_LOG, 0, -1);
	device_store_fd(device, VHOST_FD_LOG_CALL, 0, -1);
	device_store_fd(device, VHOST_FD_BACKEND_REQ, 0, -1);
	for (unsigned i = 0; i < session->rx.n_fds && i < MESSAGE_FDS_MAX; i++)
		device_store_fd(device, VHOST_FD_MESSAGE, i, -1);
	device_store_fd(device, VHOST_FD_CONNECTION, 0, -1);
	connection_release(device);
	session_clear(device->session, device->ops->n_queues);
	sigbus_guard_clear(); /* also what the end itself found lost: the next front-end has nothing to do with it */
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		queue_init(&device->queues[i], &device->queue_host, i, device->session, device->tag);
	device->was_reset = device->reported_left_out = false;
	device->reported_features = device->reported_protocol_features = 0;
	reconnect_await(device);
	if (device->ops->connected)
		device->ops->connected(device->ctx, false);
}
