/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The socket of a guest. */
#include "service/guest_socket.h"

#include <errno.h>

#include "service/inherited_fd.h"

/* A socket of our own, on a path. */
static int socket_make(const struct guest_socket *socket, struct listener *listener, struct why *why)
{
	const char *path = socket->path;
	int ret = listener_open(listener, socket, why);

	if (ret == 0 && socket->alias[0]) {
		path = socket->alias;
		ret = listener_add_alias(listener, path, why);
	}
	return ret < 0 ? why_fail(-ret, why, "%s: %s", path, why->text) : 0;
}

static int socket_take(int fd, const char *guest, struct listener *listener, int *connected_fd, struct why *why)
{
	enum inherited_fd_kind kind;
	int ret = inherited_fd_take(fd, &kind, why);

	if (ret < 0)
		return why_fail(-ret, why, "%s: %s", guest, why->text);
	if (kind == INHERITED_FD_LISTENING)
		listener_adopt(listener, fd);
	else
		*connected_fd = fd;
	return 0;
}

int guest_socket_open(const struct guest_socket *socket, const char *guest, struct listener *listener,
		      int *connected_fd, struct why *why)
{
	if (socket->fd >= 0)
		return socket_take(socket->fd, guest, listener, connected_fd, why);
	if (socket->path[0])
		return socket_make(socket, listener, why);
	return why_fail(EINVAL, why, "%s: no socket: it has no path and no fd, and socket activation gave none", guest);
}
