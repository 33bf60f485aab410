/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Nothing that a front-end puts into its sockets is left there for whoever closes them. */
#include "vhost/device/one_way.h"

#include "base/fd_kind.h"
#include "base/scm.h"

/* One socket for kicks and calls is nothing that the document has, and nothing that it forbids. */
static bool is_kick(const struct vhost_device *device, int fd)
{
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		if (device->queues[i].kick.fd >= 0 && fd_same_socket(device->queues[i].kick.fd, fd))
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
		scm_shut(device->queues[i].kick.fd);
	for (size_t i = 0; i < device->rx_fds.n; i++)
		scm_shut(device->rx_fds.fd[i]);
	scm_shut(device->fd);
}
