/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Sockets that a front-end gave, and the connection itself, can have anything in them: an end of the connection, which
 * then never ends, or what takes whoever closes it last as long as the front-end likes. So nothing comes into what only
 * we write to (User-Mode Linux has sockets for calls); a kick socket is read anyway; and when the connection ends
 * nothing is left in what the fd_store closes.
 */
#include "base/fd_kind.h"
#include "base/scm.h"
#include "vhost/device/device.h"

/* One socket for kicks and calls is nothing that the document has, and nothing that it forbids. */
static bool is_kick(const struct vhost_device *device, int fd)
{
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		if (device->queues[i].kick_fd >= 0 && fd_same_socket(device->queues[i].kick_fd, fd))
			return true;
	}
	return false;
}

void one_way_shut(const struct vhost_device *device, int fd)
{
	if (fd >= 0 && !is_kick(device, fd))
		scm_shut(fd);
}

void one_way_shut_all(const struct vhost_device *device)
{
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		scm_shut(device->queues[i].kick_fd);
	for (size_t i = 0; i < device->rx_fds.n; i++)
		scm_shut(device->rx_fds.fd[i]);
	scm_shut(device->fd);
}
