/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What an fd is. */
#include "base/fd_kind.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One that listens is not connected; one whose other end is gone still is. */
static bool is_connected_unix(int fd)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.ss_family == AF_UNIX;
}

static enum fd_kind kind_of_file(int fd, const struct statx *st)
{
	if (fcntl(fd, F_GET_SEALS) >= 0)
		return FD_KIND_MEMORY;
	return st->stx_dev_major != 0 ? FD_KIND_DISK : FD_KIND_OTHER;
}

enum fd_kind fd_kind(int fd)
{
	struct statx st;

	/* Not every C library has the call. It fails for a FUSE file system that is not for this user. */
	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
		return FD_KIND_OTHER;
	switch (st.stx_mode & S_IFMT) {
	case 0:
		return FD_KIND_ANONYMOUS;
	case S_IFIFO:
		return FD_KIND_PIPE;
	case S_IFSOCK:
		return is_connected_unix(fd) ? FD_KIND_SOCKET : FD_KIND_OTHER;
	case S_IFREG:
		return kind_of_file(fd, &st);
	default:
		return FD_KIND_OTHER;
	}
}
