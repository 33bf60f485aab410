/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Message handlers: the dirty log. vhost-user.rst, "Migration", "SET_LOG_BASE", "SET_LOG_FD". */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/fd_kind.h"
#include "vhost/device/one_way.h"
#include "vhost/protocol/handle.h"

/*
 * The reply is an acknowledgement. QEMU takes any; rust-vmm's front-ends, which ask for acknowledgements, take a u64 of 0
 * only, where they would find the size of the log in the message sent back.
 */
const char *handle_set_log_base(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	struct vhost_user_log log;
	int r;

	memcpy(&log, message->payload, sizeof(log));
	r = dirty_log_set(&device->dirty_log, message->fds->fd[0], log.offset, log.size);
	if (r == -EINVAL)
		return "log is empty, too large or exceeds its file";
	if (r < 0)
		return strerror(-r);
	device_store_fd(device, VHOST_FD_LOG, 0, message->fds->fd[0]);
	reply_u64(reply, 0);
	return NULL;
}

const char *handle_set_log_fd(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	int fd;

	if (!fd_kind_notifies(fd_kind(message->fds->fd[0])))
		return "not an eventfd, pipe or Unix socket";
	fd = fd_steal(&message->fds->fd[0]);
	one_way_shut(device, fd);
	device_store_fd(device, VHOST_FD_LOG_CALL, 0, fd);
	dirty_log_set_call(&device->dirty_log, fd);
	return NULL;
}
