/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Message handlers: setting up, starting, stopping and enabling rings. vhost-user.rst, "Ring states". */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/fd_kind.h"
#include "base/scm.h"
#include "vhost/device/one_way.h"
#include "vhost/protocol/handle.h"
#include "vhost/queue/layout.h"
#include "vhost/queue/resume.h"
#include "vhost/queue/start_stop.h"

static const char no_such_ring[] = "ring index out of range";
static const char misplaced[] = "ring is misaligned or not in guest memory";
static const char no_notifier[] = "not an eventfd, pipe or Unix socket";

static struct vhost_queue *queue_by_index(struct vhost_device *device, uint64_t index)
{
	return index < device->ops->n_queues ? &device->queues[index] : NULL;
}

/*
 * Size and place of a ring are the guest's choice. QEMU passes them on as they are, asks for no ack, and aborts when the
 * connection ends: who cannot be told has a broken ring, until it is set up anew. False: it can be told.
 */
static bool break_untold(struct vhost_queue *queue, const struct message *message, const char *why)
{
	if (message->acked)
		return false;
	queue_break(queue, why);
	return true;
}

const char *handle_set_vring_num(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	const struct vhost_user_vring_state *state = message->payload;
	struct vhost_queue *queue = queue_by_index(device, state->index);
	const char *rule;

	if (!queue)
		return no_such_ring;
	rule = queue_ring_ops(queue)->size_rule;
	if (!queue_ring_ops(queue)->size_valid(state->num)) {
		if (!break_untold(queue, message, rule))
			return rule;
		queue->state->layout.size = 0;
		return NULL;
	}
	if (queue->running && state->num != queue->state->layout.size)
		return "ring is running";
	queue->state->layout.size = state->num;
	return NULL;
}

/* Whether the areas are in guest memory; before there is any, or a translation, that is found out at the start. */
static bool layout_valid(struct vhost_device *device, const struct ring_ops *ops,
			 const struct session_ring_layout *layout)
{
	struct ring ring;

	if ((layout->desc & 15) || (layout->avail & (ops->avail_align - 1u)) || (layout->used & 3))
		return false;
	return memory_is_empty(&device->memory) || device->memory.iotlb ||
	       ops->resolve(&ring, &device->memory, layout) == 0;
}

/* A running ring with the same layout is a change of its logging (QEMU, at the start and end of a migration). */
const char *handle_set_vring_addr(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	const struct vhost_user_vring_addr *addr = message->payload;
	struct vhost_queue *queue = queue_by_index(device, addr->index);
	struct session_ring_layout layout;

	if (!queue)
		return no_such_ring;
	layout = (struct session_ring_layout){
		.size = queue->state->layout.size,
		.flags = addr->flags,
		.desc = addr->desc,
		.used = addr->used,
		.avail = addr->avail,
		.log = addr->log,
	};
	if (!layout_valid(device, queue_ring_ops(queue), &layout)) {
		if (!break_untold(queue, message, misplaced))
			return misplaced;
		queue->state->has_addr = 0;
		return NULL;
	}
	if (queue->running && layout_same(&layout, &queue->state->layout)) {
		queue->state->layout = layout;
		queue_set_log(queue);
		return NULL;
	}
	queue_stop(queue);
	queue->state->layout = layout;
	queue->state->has_addr = 1;
	queue->state->broken = 0;
	queue_update(queue);
	return NULL;
}

const char *handle_set_vring_base(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	const struct vhost_user_vring_state *state = message->payload;
	struct vhost_queue *queue = queue_by_index(device, state->index);

	if (!queue)
		return no_such_ring;
	queue_stop(queue);
	queue->state->base = state->num & queue_ring_ops(queue)->position_mask;
	queue->state->has_base = 1;
	/* Set up anew, it starts with a kick: a ring that was only disabled before (virtio_uml) has seen one already. */
	queue->state->started = queue->state->kick == SESSION_KICK_POLLED;
	queue_update(queue);
	return NULL;
}

static bool all_stopped(const struct vhost_device *device)
{
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		if (device->queues[i].state->kick != SESSION_KICK_NONE)
			return false;
	}
	return true;
}

/*
 * Stops the ring; kick and call fds belong to the run that ends here. Requests under way are to be completed first: each
 * is in the turn in which it is taken, so only those are left that an earlier run had in flight. A held event buffer is
 * no request that could be completed: it waits for the line, and goes on waiting after the next start.
 */
const char *handle_get_vring_base(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	struct vhost_user_vring_state state;
	struct vhost_queue *queue;

	memcpy(&state, message->payload, sizeof(state));
	queue = queue_by_index(device, state.index);
	if (!queue)
		return no_such_ring;
	queue_finish(queue);
	queue_stop(queue);
	state.num = queue_base(queue);
	queue->state->started = 0;
	queue->state->broken = 0;
	queue->notice_pending[QUEUE_NOTICE_ERR] = false;
	queue_set_kick(queue, -1, false);
	queue_set_call(queue, -1);
	device_store_fd(device, VHOST_FD_KICK, queue->index, -1);
	device_store_fd(device, VHOST_FD_CALL, queue->index, -1);
	device->was_reset = false;
	if (all_stopped(device))
		iotlb_clear(&device->iotlb);
	reply_set(reply, &state, sizeof(state));
	return NULL;
}

/*
 * What SET_VRING_KICK, _CALL and _ERR have in common: the ring, and an fd or the bit that says there is none, which
 * means polling, with INBAND_NOTIFICATIONS too.
 */
static const char *ring_fd(struct vhost_device *device, const struct message *message, struct vhost_queue **queue,
			   int *fd)
{
	uint64_t value = ((const struct vhost_user_u64 *)message->payload)->value;
	bool no_fd = value & VHOST_USER_VRING_NOFD;

	*queue = queue_by_index(device, value & VHOST_USER_VRING_INDEX_MASK);
	if (!*queue || value & ~(VHOST_USER_VRING_INDEX_MASK | VHOST_USER_VRING_NOFD))
		return no_such_ring;
	if (no_fd != (message->fds->n == 0))
		return "file descriptor and no-fd bit contradict each other";
	if (!no_fd && !fd_kind_notifies(fd_kind(message->fds->fd[0])))
		return no_notifier;
	*fd = no_fd ? -1 : fd_steal(&message->fds->fd[0]);
	return NULL;
}

const char *handle_set_vring_kick(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	struct vhost_queue *queue;
	const char *why;
	int fd, r;

	why = ring_fd(device, message, &queue, &fd);
	if (why)
		return why;
	if (!fd_same_socket(queue->kick.fd, fd))
		scm_shut(queue->kick.fd);
	device_store_fd(device, VHOST_FD_KICK, queue->index, fd);
	r = queue_set_kick(queue, fd, fd < 0);
	/* A successor is not to find it. */
	if (r < 0)
		device_store_fd(device, VHOST_FD_KICK, queue->index, -1);
	return r == -EPERM ? "kick file descriptor cannot be polled" : r < 0 ? strerror(-r) : NULL;
}

static const char *set_ring_fd(struct vhost_device *device, const struct message *message, enum vhost_fd_kind kind,
			       void (*set)(struct vhost_queue *queue, int fd))
{
	struct vhost_queue *queue;
	const char *why;
	int fd;

	why = ring_fd(device, message, &queue, &fd);
	if (why)
		return why;
	one_way_shut(device, fd);
	device_store_fd(device, kind, queue->index, fd);
	if (kind == VHOST_FD_CALL)
		queue->state->has_call_fd = 1;
	else
		queue->state->has_err_fd = 1;
	set(queue, fd);
	return NULL;
}

const char *handle_set_vring_call(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	return set_ring_fd(device, message, VHOST_FD_CALL, queue_set_call);
}

const char *handle_set_vring_err(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	return set_ring_fd(device, message, VHOST_FD_ERR, queue_set_err);
}

/*
 * The reply comes when the ring was looked at and what that brought is published, so that a simulation knows that it
 * is done ("In-band notifications"). The channel is not waited for: whoever waits for this reply does not read it.
 */
const char *handle_vring_kick(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	const struct vhost_user_vring_state *state = message->payload;
	struct vhost_queue *queue = queue_by_index(device, state->index);

	if (!queue)
		return no_such_ring;
	queue_kick(queue);
	/* All of them: a request may end an interrupt, whose buffer goes back on the other ring. */
	device_flush(device);
	return NULL;
}

const char *handle_set_vring_enable(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	const struct vhost_user_vring_state *state = message->payload;
	struct vhost_queue *queue = queue_by_index(device, state->index);

	if (!queue)
		return no_such_ring;
	if (!(device->session->features & VHOST_USER_F_PROTOCOL_FEATURES))
		return "VHOST_USER_F_PROTOCOL_FEATURES not negotiated";
	if (state->num > 1)
		return "enable is neither 0 nor 1";
	queue->state->enabled = state->num;
	if (!state->num)
		device->was_reset = false;
	queue_update(queue);
	return NULL;
}
