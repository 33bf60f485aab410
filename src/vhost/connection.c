/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A device's life: attach, connect, messages, disconnect. The top of the library. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/util.h"
#include "vhost/departure.h"
#include "vhost/feature_names.h"
#include "vhost/notify.h"
#include "vhost/protocol.h"

/* why NULL: the front-end left. */
static void close_why(struct vhost_device *device, const char *why, bool has_header)
{
	const struct vhost_user_header *header = &device->session->rx.header;
	const struct message_spec *spec = has_header ? message_spec_find(header->request) : NULL;
	struct log_limit *limit = &device->end_limit;

	if (!why)
		log_limited(&device->left_limit, LOG_LEVEL_INFO, device->tag, "the front-end disconnected");
	else if (spec)
		log_limited(limit, LOG_LEVEL_WARNING, device->tag, "connection closed: %s: %s", spec->name, why);
	else if (has_header)
		log_limited(limit, LOG_LEVEL_WARNING, device->tag, "connection closed: message %u: %s", header->request,
			    why);
	else
		log_limited(limit, LOG_LEVEL_WARNING, device->tag, "connection closed: %s", why);
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
	r = message_receive(device->fd, rx, &device->rx_fds, &device->keeper, &why);
	has_header = rx->have >= sizeof(rx->header);
	if (r == 1) {
		device->has_spoken = true;
		r = protocol_execute(device, &why);
	}
	if (r == 0)
		return;

	close_why(device, why, has_header);
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
	log_limited(&device->reset_limit, LOG_LEVEL_INFO, device->tag, "the guest was reset");
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		if (&device->queues[i] != restarted)
			queue_reset(&device->queues[i]);
	}
	if (device->ops->reset)
		device->ops->reset(device->ctx);
}

static void on_starting(struct queue_host *host)
{
	departure_decide(container_of(host, struct vhost_device, queue_host));
}

/* Once for what was negotiated: when it is put to use. */
static void on_started(struct queue_host *host, struct vhost_queue *queue)
{
	struct vhost_device *device = container_of(host, struct vhost_device, queue_host);
	const struct session *session = device->session;
	char names[FEATURE_NAMES_MAX];

	if (device->told_features == session->features && device->told_protocol_features == session->protocol_features)
		return;
	device->told_features = session->features;
	device->told_protocol_features = session->protocol_features;
	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	feature_names(names, sizeof(names), session->features, session->protocol_features, device->ops->feature_names);
	log_debug(device->tag, "negotiated: %s", names);
}

/* There is room in the channel again, or another channel. */
static void on_channel_ready(struct channel *channel)
{
	struct vhost_device *device = container_of(channel, struct vhost_device, channel);

	device_notices_send(device);
	device_iotlb_channel_ready(device);
}

static void on_turn_over(struct loop_after *after)
{
	device_check_memory(container_of(after, struct vhost_device, after));
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
	device->fd = -1;
	device->after.fn = on_turn_over;
	loop->after = &device->after;
	channel_init(&device->channel, loop, on_channel_ready);
	transfer_init(&device->transfer, loop, device_transfer_done);
	dirty_init(&device->dirty, &session->log, loop, tag);
	memory_init(&device->memory, session->regions);
	device->memory.dirty = &device->dirty;
	device->queue_host = (struct queue_host){
		.loop = loop,
		.memory = &device->memory,
		.inflight_map = &device->inflight_map,
		.features = &session->features,
		.ops = ops,
		.ctx = ctx,
		.dirty = &device->dirty,
		.ask = device_iotlb_ask,
		.starting = on_starting,
		.restarted = on_restarted,
		.started = on_started,
		.notify = device_notify,
	};
	for (unsigned i = 0; i < ops->n_queues; i++)
		queue_init(&device->queues[i], &device->queue_host, i, session, tag);
}

static int take(struct vhost_device *device, enum vhost_fd_kind kind, unsigned index)
{
	return device->keeper.take(device->keeper.ctx, (uint32_t)kind << 16 | index);
}

/*
 * A message that is to be executed again, over what an earlier process had done of it: then an fd may be missing that
 * was to be replaced, or taken out. What was to be with it is not, until the message is done.
 */
static bool message_is_due(const struct vhost_device *device)
{
	return message_is_complete(&device->session->rx) && !device->session->rx.executed;
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
		if (r < 0 && message_is_due(device))
			device->session->regions[i] = (struct session_region){ 0 };
		else if (r < 0)
			return r;
	}
	return 0;
}

static int restore_inflight(struct vhost_device *device)
{
	const struct vhost_user_inflight *wire = &device->session->inflight;
	int fd, r;

	if (wire->mmap_size == 0)
		return 0;
	fd = take(device, VHOST_FD_INFLIGHT, 0);
	r = fd < 0 ? -EBADF : inflight_map_open(&device->inflight_map, wire, fd, device->ops->n_queues);
	fd_close(&fd);
	if (r < 0 && message_is_due(device)) {
		device->session->inflight = (struct vhost_user_inflight){ 0 };
		r = 0;
	}
	return r;
}

/* A log that can not be had again would leave pages out of a migration: then the session ends. */
static int restore_log(struct vhost_device *device)
{
	int r, fd;

	dirty_set_call(&device->dirty, take(device, VHOST_FD_LOG_CALL, 0));
	if (device->session->log.size == 0)
		return 0;
	fd = take(device, VHOST_FD_LOG, 0);
	r = fd < 0 ? -EBADF : dirty_restore(&device->dirty, fd);
	fd_close(&fd);
	if (r < 0 && message_is_due(device)) {
		device->session->log.size = 0;
		r = 0;
	}
	return r;
}

/* Takes up what an earlier process left. -errno: it can not be, and the session is to be dropped. */
static int device_resume(struct vhost_device *device)
{
	int r;

	device->fd = take(device, VHOST_FD_CONNECTION, 0);
	if (device->fd < 0 || device->session->bound)
		return -EBADF;
	device->has_spoken = true; /* nothing tells; it most likely had */
	r = message_resume(&device->session->rx, &device->rx_fds, &device->keeper);
	if (r < 0)
		return r;
	channel_open(&device->channel, take(device, VHOST_FD_BACKEND_REQ, 0));
	r = restore_memory(device);
	if (r == 0)
		r = restore_inflight(device);
	if (r == 0)
		r = restore_log(device);
	if (r < 0)
		return r;
	device_apply_features(device);
	r = loop_watch_add(device->loop, &device->watch, device->fd, EPOLLIN, on_readable);
	if (r < 0)
		return r;
	if (device->ops->connected)
		device->ops->connected(device->ctx, true);
	if (device->session->has_features && device->ops->features_set)
		device->ops->features_set(device->ctx, device->session->features);
	/* Backwards: see queues_go_on(). */
	for (unsigned i = device->ops->n_queues; i-- > 0 && r == 0;) {
		int kick = take(device, VHOST_FD_KICK, i);

		if (kick < 0 && message_is_due(device) && device->session->rings[i].kick == SESSION_KICK_FD)
			device->session->rings[i].kick = SESSION_KICK_NONE;
		r = queue_attach(&device->queues[i], kick, take(device, VHOST_FD_CALL, i),
				 take(device, VHOST_FD_ERR, i));
	}
	if (r < 0)
		return r;
	log_info(device->tag, "session resumed");
	return 0;
}

/*
 * The last queue first, before any kick is seen: what the device holds for long (event buffers) is held again before a
 * request that may end it is done again. Not under a message that changes what rings stand on.
 */
static void queues_go_on(struct vhost_device *device)
{
	if (message_is_due(device) && device->session->rx.header.request != VHOST_USER_VRING_KICK)
		return;
	for (unsigned i = device->ops->n_queues; i-- > 0;)
		queue_dispatch(&device->queues[i]);
}

/* What an earlier process had begun with a message, that it was executing or answering. */
static void message_go_on(struct vhost_device *device)
{
	const char *why = NULL;

	if (!message_is_complete(&device->session->rx))
		return;
	if (protocol_execute(device, &why) < 0)
		close_why(device, why, true);
}

/* Whatever stood there: a session that makes sense. */
static void session_take(struct session *session, unsigned n_queues, const char *tag)
{
	bool empty = session->magic == 0;

	if (empty || !session_check(session, n_queues)) {
		if (!empty)
			log_warning(tag, "the saved session makes no sense: dropped");
		session->departure.state = SESSION_DEPARTURE_NONE;
		session_clear(session, n_queues);
	}
	if (!session_departure_check(session, n_queues)) {
		log_warning(tag, "what the last front-end left makes no sense: dropped");
		session->departure.state = SESSION_DEPARTURE_NONE;
	}
}

int vhost_device_attach(struct vhost_device **ret, struct loop *loop, const struct vhost_ops *ops, void *ctx,
			void *memory, const struct vhost_keeper *keeper, const char *tag)
{
	struct session *session = memory;
	struct vhost_device *device;

	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	session_take(session, ops->n_queues, tag);
	device_init(device, loop, ops, ctx, session, keeper, tag);
	*ret = device;
	if (session->departure.state == SESSION_DEPARTURE_LEAVING) {
		vhost_device_disconnect(device);
		departure_done(device);
	} else if (session->connected) {
		int r = device_resume(device);

		if (r < 0) {
			log_warning(tag, "the saved session can not be resumed: %s: dropped", strerror(-r));
			vhost_device_disconnect(device);
		} else {
			queues_go_on(device);
			message_go_on(device);
		}
		device_check_memory(device);
	}
	return 0;
}

/* What this process holds of a connection. */
static void close_all(struct vhost_device *device)
{
	loop_watch_del(&device->watch);
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		queue_deinit(&device->queues[i]);
	device->memory.iotlb = NULL;
	device_iotlb_clear(device);
	dirty_deinit(&device->dirty);
	message_fds_close(&device->rx_fds);
	transfer_cancel(&device->transfer);
	channel_close(&device->channel);
	fd_close(&device->fd);
	inflight_map_close(&device->inflight_map);
	memory_deinit(&device->memory);
}

void vhost_device_detach(struct vhost_device *device)
{
	if (!device)
		return;
	close_all(device);
	device->loop->after = NULL;
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
	device_empty_sockets(device);
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		queue_deinit(&device->queues[i]);
	departure_note(device);
	departure_reset(device);
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		for (int kind = VHOST_FD_KICK; kind <= VHOST_FD_ERR; kind++)
			device_keep(device, kind, i, -1);
	}
	for (unsigned i = 0; i < SESSION_SLOTS_MAX; i++) {
		if (session->regions[i].size > 0)
			device_keep(device, VHOST_FD_MEMORY, i, -1);
	}
	device_keep(device, VHOST_FD_INFLIGHT, 0, -1);
	device_keep(device, VHOST_FD_LOG, 0, -1);
	device_keep(device, VHOST_FD_LOG_CALL, 0, -1);
	device_keep(device, VHOST_FD_BACKEND_REQ, 0, -1);
	for (unsigned i = 0; i < session->rx.n_fds && i < MESSAGE_FDS_MAX; i++)
		device_keep(device, VHOST_FD_MESSAGE, i, -1);
	device_keep(device, VHOST_FD_CONNECTION, 0, -1);
	close_all(device);
	session_clear(device->session, device->ops->n_queues);
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		queue_init(&device->queues[i], &device->queue_host, i, device->session, device->tag);
	device->was_reset = false;
	device->told_features = device->told_protocol_features = 0;
	departure_done(device);
	if (device->ops->connected)
		device->ops->connected(device->ctx, false);
}
