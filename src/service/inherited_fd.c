/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Sockets that were inherited. */
#include "service/inherited_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/why.h"

/* -errno, or the option's value. */
static int socket_option(int fd, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -errno : value;
}

static const char *type_describe(int type)
{
	switch (type) {
	case SOCK_DGRAM:
		return "a datagram socket";
	case SOCK_SEQPACKET:
		return "a sequenced-packet socket";
	default:
		return "a socket of another type";
	}
}

static int kind_find(int fd, enum inherited_fd_kind *kind, struct why *why)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int domain = socket_option(fd, SO_DOMAIN);
	int type = socket_option(fd, SO_TYPE);

	if (domain < 0)
		return why_fail(ENOTSOCK, why, "fd %d: not a socket", fd);
	if (domain != AF_UNIX)
		return why_fail(EAFNOSUPPORT, why, "fd %d: not a Unix socket", fd);
	if (type != SOCK_STREAM)
		return why_fail(EPROTOTYPE, why, "fd %d: %s, not a stream socket", fd, type_describe(type));
	if (socket_option(fd, SO_ACCEPTCONN) > 0)
		*kind = INHERITED_FD_LISTENING;
	else if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0)
		*kind = INHERITED_FD_CONNECTED;
	else
		return why_fail(ENOTCONN, why, "fd %d: a socket that neither listens nor is connected", fd);
	return 0;
}

int inherited_fd_take(int fd, enum inherited_fd_kind *kind, struct why *why)
{
	int ret;

	if (fd >= 0 && fd <= STDERR_FILENO)
		return why_fail(EINVAL, why, "fd %d is for standard input, output or errors", fd);
	if (fcntl(fd, F_GETFD) < 0)
		return why_fail(EBADF, why, "fd %d is not open", fd);
	ret = kind_find(fd, kind, why);
	if (ret < 0)
		return ret;
	ret = *kind == INHERITED_FD_LISTENING ? fd_set_nonblock(fd) : 0;
	if (ret < 0)
		return why_fail(-ret, why, "fd %d: %s", fd, strerror(-ret));
	/* Cannot fail: the fd is open. */
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return 0;
}
