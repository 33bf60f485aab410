/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What an fd is. */
#include "base/fd_kind.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#ifndef STATX_TYPE /* not every C library has struct statx; one that has it does not go with the kernel's header */
#include <linux/stat.h>
#endif

/*
 * One that listens is not connected; one whose other end is gone still is. Of another type's messages one may be empty,
 * and is not told from the end.
 */
static bool is_unix_stream(int fd)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t peer_len = sizeof(peer), type_len = sizeof(int);
	int type = 0;

	return getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0 && peer.ss_family == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 && type == SOCK_STREAM;
}

static enum fd_kind kind_of_file(int fd, const struct statx *st)
{
	if (fcntl(fd, F_GET_SEALS) >= 0)
		return FD_KIND_MEMORY;
	return st->stx_dev_major != 0 ? FD_KIND_DISK : FD_KIND_OTHER;
}

/* Not every C library has the call. It fails for a FUSE file system that is not for this user. */
static bool fd_look(int fd, struct statx *st)
{
	return syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO | STATX_SIZE,
		       st) == 0;
}

enum fd_kind fd_kind(int fd)
{
	struct statx st;

	if (!fd_look(fd, &st))
		return FD_KIND_OTHER;
	switch (st.stx_mode & S_IFMT) {
	case 0:
		return FD_KIND_ANONYMOUS;
	case S_IFIFO:
		return FD_KIND_PIPE;
	case S_IFSOCK:
		return is_unix_stream(fd) ? FD_KIND_SOCKET : FD_KIND_OTHER;
	case S_IFREG:
		return kind_of_file(fd, &st);
	default:
		return FD_KIND_OTHER;
	}
}

bool fd_file(int fd, struct fd_file *file)
{
	struct statx st;

	if (!fd_look(fd, &st) || (st.stx_mode & S_IFMT) != S_IFREG)
		return false;
	*file = (struct fd_file){
		.size = st.stx_size,
		.dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.ino = st.stx_ino,
	};
	return true;
}

/* All sockets are in one file system. */
bool fd_same_socket(int fd, int other)
{
	struct statx a, b;

	return fd_look(fd, &a) && fd_look(other, &b) && (a.stx_mode & S_IFMT) == S_IFSOCK &&
	       (b.stx_mode & S_IFMT) == S_IFSOCK && a.stx_ino == b.stx_ino;
}
