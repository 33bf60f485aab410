/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The socket of a guest. */
#include "supervisor/guest_socket.h"

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

static int socket_take(const struct guest *guest, struct listener *listener, int *connected_fd, struct why *why)
{
	enum inherited_fd_kind kind;
	int ret = inherited_fd_take(guest->socket.fd, &kind, why);

	if (ret < 0)
		return why_fail(-ret, why, "%s: %s", guest->name, why->text);
	if (kind == INHERITED_FD_LISTENING)
		listener_adopt(listener, guest->socket.fd);
	else
		*connected_fd = guest->socket.fd;
	return 0;
}

int guest_socket_open(const struct guest *guest, struct listener *listener, int *connected_fd, struct why *why)
{
	if (guest->socket.fd >= 0)
		return socket_take(guest, listener, connected_fd, why);
	if (guest->socket.path[0])
		return socket_make(&guest->socket, listener, why);
	return why_fail(EINVAL, why, "%s: no socket: it has no path and no fd, and socket activation gave none",
			guest->name);
}
