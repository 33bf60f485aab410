/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Message handlers: the device's state from one back-end to another. vhost-user.rst, "Migrating back-end state". */
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/fd_kind.h"
#include "vhost/device/one_way.h"
#include "vhost/device/saved_state.h"
#include "vhost/protocol/handle.h"

/* The reply of SET_DEVICE_STATE_FD: an error in bits 0 to 7, and bit 8, for we send no fd of our own. */
#define NO_FD  (1ull << 8)
#define FAILED 1ull

static int begin_save(struct vhost_device *device, int fd)
{
	size_t len;
	void *data = saved_state_make(device, &len);

	if (!data) {
		fd_close(&fd);
		return -1;
	}
	one_way_shut(device, fd);
	return state_transfer_save(&device->state_transfer, fd, data, len);
}

static const char *begin_transfer(struct vhost_device *device, const struct vhost_user_transfer *wire, int *fd)
{
	int r;

	if (wire->phase != VHOST_USER_TRANSFER_STOPPED)
		return "only the state of a stopped device can be transferred";
	if (wire->direction > VHOST_USER_TRANSFER_LOAD)
		return "direction is neither save nor load";
	if (!device_is_suspended(device))
		return "rings are running";
	if (!fd_kind_streams(fd_kind(*fd)))
		return "the file descriptor is no pipe, stream socket or file";
	if (wire->direction == VHOST_USER_TRANSFER_SAVE)
		r = begin_save(device, fd_steal(fd));
	else
		r = state_transfer_load(&device->state_transfer, fd_steal(fd), saved_state_max(device));
	return r < 0 ? "cannot use the file descriptor, or out of memory" : NULL;
}

/* A transfer that was under way ends, whatever becomes of this one. */
const char *handle_set_device_state_fd(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	struct vhost_user_transfer wire;
	const char *why;

	memcpy(&wire, message->payload, sizeof(wire));
	state_transfer_cancel(&device->state_transfer);
	device->session->transfer_ok = 0;
	/* Some of the data may be in the pipe already. */
	why = message->replayed ? "interrupted by a crash of the worker"
				: begin_transfer(device, &wire, &message->fds->fd[0]);
	if (why)
		log_limited(&device->log_limit, LOG_LEVEL_WARNING, device->tag, "SET_DEVICE_STATE_FD refused: %s", why);
	reply_u64(reply, NO_FD | (why ? FAILED : 0));
	return NULL;
}

/*
 * The front-end asks when it has seen the end of the data, or made it: then all of it is there. What is not over now is
 * not waited for; it failed.
 */
const char *handle_check_device_state(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	state_transfer_drive(&device->state_transfer);
	if (state_transfer_is_running(&device->state_transfer)) {
		state_transfer_cancel(&device->state_transfer);
		log_limited(&device->log_limit, LOG_LEVEL_WARNING, device->tag,
			    "CHECK_DEVICE_STATE before the end of the transfer, which is cancelled");
	}
	reply_u64(reply, device->session->transfer_ok ? 0 : FAILED);
	return NULL;
}
