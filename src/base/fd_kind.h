/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What an fd is that a peer gave, found out without asking whoever is behind it.
 *
 * A file may lie in a file system that is a process of the peer's (FUSE), or somebody's across a network. Then what is
 * done to it, fstat() and close() included, lasts as long as that one likes, and SIGKILL ends nobody who waits for it. A
 * TCP socket may linger: its last close() waits for the other end.
 *
 * Only what is known is trusted: the kernel's own objects; files in memory, which alone have seals; files on a block
 * device, which are known by the number of that. FUSE, NFS, btrfs and overlayfs have a number of no device.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum fd_kind {
	FD_KIND_OTHER,
	FD_KIND_ANONYMOUS, /* eventfd, timerfd and all that has no type */
	FD_KIND_PIPE,
	FD_KIND_SOCKET, /* a connected Unix stream */
	FD_KIND_MEMORY, /* memfd, tmpfs, hugetlbfs */
	FD_KIND_DISK,	/* a regular file */
};

enum fd_kind fd_kind(int fd);

struct fd_file {
	uint64_t size;
	uint64_t dev, ino;
};

/* What fstat() says of a regular file, as far as it is known here. False: it is none. */
bool fd_file(int fd, struct fd_file *file);
/* Whether both are the same socket. */
bool fd_same_socket(int fd, int other);

/* Reading, writing and waiting is over at once, but for O_NONBLOCK (base/timed_io.h). */
static inline bool fd_kind_notifies(enum fd_kind kind)
{
	return kind == FD_KIND_ANONYMOUS || kind == FD_KIND_PIPE || kind == FD_KIND_SOCKET;
}

/* Bytes, with an end. Of what has no type some never rest, and a signalfd takes the signals of whoever reads it. */
static inline bool fd_kind_streams(enum fd_kind kind)
{
	return kind == FD_KIND_PIPE || kind == FD_KIND_SOCKET || kind == FD_KIND_MEMORY || kind == FD_KIND_DISK;
}

/* close() is over at once; of a socket, if nothing is in it. */
static inline bool fd_kind_closes(enum fd_kind kind)
{
	return kind != FD_KIND_OTHER;
}
