/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Bytes together with file descriptors over Unix sockets (SCM_RIGHTS). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#define SCM_FDS_MAX 64

/* Two ends of a new channel for messages (SOCK_SEQPACKET). 0 or -errno. */
int scm_pair(int *ours, int *theirs);

/*
 * sendmsg() with MSG_NOSIGNAL and flags; n_fds at most SCM_FDS_MAX, which stay the caller's. Returns the bytes sent or
 * -errno; retries EINTR.
 */
ssize_t scm_send(int socket, const void *data, size_t len, const int *fds, size_t n_fds, int flags);

/*
 * recvmsg() with MSG_CMSG_CLOEXEC and flags. Received fds go to fds[0 .. *n_fds - 1] and belong to the caller; when
 * more than max_fds came, or some were cut off by the kernel, all of them are closed, *n_fds is 0 and the result is
 * -EMFILE. Otherwise the bytes received (0: end of file) or -errno; retries EINTR.
 */
ssize_t scm_recv(int socket, void *data, size_t len, int *fds, size_t max_fds, size_t *n_fds, int flags);

/*
 * Whether fd is a socket connected to the name that this accepted one has: then it may be the other end of it, which
 * must not be kept open here, or its peer's end would never be seen. False where sockets have no name.
 */
bool scm_is_other_end(int fd, int socket);

/*
 * Nothing can be sent to this stream socket any more, and what was is thrown away, with the fds in it. Does nothing to
 * what is no socket.
 */
void scm_shut(int socket);

/*
 * As scm_send() and scm_recv(), with a note in shared memory of how many bytes the call moved. The kernel writes it (sendmmsg(2),
 * recvmmsg(2): msg_len) before the call returns, and a process that is killed does not leave the kernel in between: so
 * whoever finds the note later knows what was sent or taken, however the process ended. What else stands in the note is
 * of no meaning to others. It must lie in memory that was written to a moment ago: then the write cannot fail.
 */
struct scm_note {
	struct mmsghdr call;
};

static inline unsigned scm_noted(const struct scm_note *note)
{
	return note->call.msg_len;
}

/* Whether file descriptors came with what was taken: they are noted, too. */
static inline bool scm_noted_fds(const struct scm_note *note)
{
	return note->call.msg_hdr.msg_flags & MSG_CTRUNC;
}

ssize_t scm_send_noted(int socket, struct scm_note *note, const void *data, size_t len, const int *fds, size_t n_fds,
		       int flags);
/* Without fds: they are closed. */
ssize_t scm_recv_noted(int socket, struct scm_note *note, void *data, size_t len, int flags);
