/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A device in this process: what it is made of, how its parts call each other, on which session it starts. */
#include <errno.h>
#include <string.h>

#include "base/lack.h"
#include "base/pool.h"
#include "base/util.h"
#include "vhost/device/inband.h"
#include "vhost/device/reconnect.h"
#include "vhost/device/saved_state.h"
#include "vhost/device/translation.h"
#include "vhost/lifecycle/connection.h"
#include "vhost/lifecycle/memory_lost.h"
#include "vhost/lifecycle/restore.h"
#include "vhost/message/feature_names.h"
#include "vhost/queue/resume.h"
#include "vhost/queue/start_stop.h"

/*
 * A ring that ran before starts afresh: a guest was reset, or another driver took over (vhost-user has no message for
 * it that QEMU's vhost-user-gpio or virtio_uml would send). The first such start since all rings stopped is the reset.
 */
static void on_restarted(struct queue_host *host, struct vhost_queue *restarted)
{
	struct vhost_device *device = container_of(host, struct vhost_device, queue_host);

	if (device->was_reset || !device_is_suspended(device))
		return;
	device->was_reset = true;
	log_limited(&device->reset_limit, LOG_LEVEL_INFO, device->tag, "guest reset");
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		if (&device->queues[i] != restarted)
			queue_reset(&device->queues[i]);
	}
	device_begin_anew(device);
}

static void on_starting(struct queue_host *host, bool kicked)
{
	reconnect_decide(container_of(host, struct vhost_device, queue_host), kicked);
}

/* Once a session: users look for the reason of what does not come, and see it nowhere else. */
static void report_left_out(struct vhost_device *device)
{
	if (device->reported_left_out || !device->ops->without_features ||
	    (device->ops->features & ~device->session->features) == 0)
		return;
	device->reported_left_out = true;
	log_limited(&device->left_out_limit, LOG_LEVEL_INFO, device->tag, "%s", device->ops->without_features);
}

/* Once for what was negotiated: when it is put to use. */
static void on_started(struct queue_host *host, struct vhost_queue *queue)
{
	struct vhost_device *device = container_of(host, struct vhost_device, queue_host);
	const struct session *session = device->session;
	char names[FEATURE_NAMES_MAX];

	if (device->reported_features == session->features &&
	    device->reported_protocol_features == session->protocol_features)
		return;
	device->reported_features = session->features;
	device->reported_protocol_features = session->protocol_features;
	report_left_out(device);
	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	feature_names(names, sizeof(names), session->features, session->protocol_features, device->ops->feature_names);
	log_debug(device->tag, "negotiated: %s", names);
}

/* There is space in the channel, or another channel. */
static void on_channel_ready(struct backend_channel *channel)
{
	struct vhost_device *device = container_of(channel, struct vhost_device, backend_channel);

	inband_send_pending(device);
	translation_channel_ready(device);
}

static void on_turn_over(struct loop_after *after)
{
	memory_lost_check(container_of(after, struct vhost_device, after));
}

static void device_init(struct vhost_device *device, struct loop *loop, const struct vhost_ops *ops, void *ctx,
			struct session *session, const struct vhost_fd_store *fd_store, const char *tag)
{
	device->loop = loop;
	device->ops = ops;
	device->ctx = ctx;
	device->tag = tag;
	device->session = session;
	device->fd_store = *fd_store;
	device->fd = -1;
	device->after.fn = on_turn_over;
	loop->after = &device->after;
	backend_channel_init(&device->backend_channel, loop, on_channel_ready);
	state_transfer_init(&device->state_transfer, loop, saved_state_transfer_done);
	dirty_log_init(&device->dirty_log, &session->log, loop, tag);
	memory_init(&device->memory, session->regions, device->maps);
	device->memory.dirty_log = &device->dirty_log;
	device->queue_host = (struct queue_host){
		.queues = device->queues,
		.loop = loop,
		.memory = &device->memory,
		.inflight_map = &device->inflight_map,
		.features = &session->features,
		.progress = &session->progress,
		.ops = ops,
		.ctx = ctx,
		.ask = translation_ask,
		.starting = on_starting,
		.restarted = on_restarted,
		.started = on_started,
		.notify = inband_notify,
		.broken = queue_break,
	};
	for (unsigned i = 0; i < ops->n_queues; i++)
		queue_init(&device->queues[i], &device->queue_host, i, session, tag);
	busy_poll_init(&device->busy_poll, &device->queue_host, device->queues);
}

/* Whatever stood there: a valid session. False: it is a new one, of which no page is looked at that need not be there. */
static bool session_take(struct session *session, unsigned n_queues, const char *tag)
{
	if (session->magic == 0) {
		session_make(session, n_queues);
		return false;
	}
	if (!session_check(session, n_queues)) {
		log_warning(tag, "invalid saved session, dropping it");
		session->reconnect.state = SESSION_RECONNECT_NONE;
		session_clear(session, n_queues);
	}
	if (!session_reconnect_check(session, n_queues)) {
		log_warning(tag, "invalid saved session of the previous front-end, dropping it");
		session->reconnect.state = SESSION_RECONNECT_NONE;
	}
	return true;
}

/* Goes on where an earlier process was. -errno: what it takes is lacking now, and nothing was done. */
static int session_go_on(struct vhost_device *device)
{
	struct session *session = device->session;
	int r;

	if (session->reconnect.state == SESSION_RECONNECT_CLOSING) {
		vhost_device_disconnect(device);
		reconnect_await(device);
		return 0;
	}
	if (!session->connected)
		return 0;
	r = restore_connection(device);
	if (is_lack(r))
		return r;
	if (r < 0) {
		log_warning(device->tag, "cannot restore the saved session, dropping it: %s", strerror(-r));
		vhost_device_disconnect(device);
	} else {
		restore_queues(device);
		restore_message(device);
	}
	memory_lost_check(device);
	return 0;
}

int vhost_device_create(struct vhost_device **ret, struct loop *loop, const struct vhost_ops *ops, void *ctx,
			void *memory, const struct vhost_fd_store *fd_store, const char *tag)
{
	struct session *session = memory;
	struct vhost_device *device = pool_alloc(1, sizeof(*device));
	bool goes_on;
	int r;

	if (!device)
		return -ENOMEM;
	goes_on = session_take(session, ops->n_queues, tag);
	device_init(device, loop, ops, ctx, session, fd_store, tag);
	*ret = device;
	r = goes_on ? session_go_on(device) : 0;
	if (r < 0) {
		vhost_device_free(device);
		*ret = NULL;
	}
	return r;
}

void vhost_device_free(struct vhost_device *device)
{
	if (!device)
		return;
	connection_release(device);
	device->loop->before = NULL;
	device->loop->after = NULL;
	pool_free(device);
}
