/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Bytes together with file descriptors over Unix sockets (SCM_RIGHTS).
 *
 * A received fd is installed in this process by the time recvmsg() returns, whether it is wanted or not: each one is
 * either handed to the caller or closed here, also on the error paths.
 */
#include "base/scm.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/peer_fd.h"

/* Aligned for a struct cmsghdr. */
union scm_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(SCM_FDS_MAX * sizeof(int))];
};

/* control stays valid as long as msg is used. */
static void scm_put(struct msghdr *msg, union scm_control *control, const int *fds, size_t n_fds)
{
	struct cmsghdr *cmsg = &control->align;

	if (n_fds == 0)
		return;
	memset(control, 0, sizeof(*control));
	msg->msg_control = control->bytes;
	msg->msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
}

int scm_pair(int *ours, int *theirs)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	*ours = fds[0];
	*theirs = fds[1];
	return 0;
}

ssize_t scm_send(int socket, const void *data, size_t len, const int *fds, size_t n_fds, int flags)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union scm_control control;
	ssize_t sent;

	if (n_fds > SCM_FDS_MAX)
		return -EINVAL;
	scm_put(&msg, &control, fds, n_fds);
	do {
		sent = sendmsg(socket, &msg, flags | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

ssize_t scm_send_noted(int socket, struct scm_note *note, const void *data, size_t len, const int *fds, size_t n_fds,
		       int flags)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	union scm_control control;
	int n;

	if (n_fds > SCM_FDS_MAX)
		return -EINVAL;
	note->call = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	scm_put(&note->call.msg_hdr, &control, fds, n_fds);
	do {
		n = sendmmsg(socket, &note->call, 1, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (ssize_t)scm_noted(note);
}

ssize_t scm_recv_noted(int socket, struct scm_note *note, void *data, size_t len, int flags)
{
	struct iovec iov = { .iov_base = data, .iov_len = len };
	int n;

	note->call = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	do {
		n = recvmmsg(socket, &note->call, 1, flags, NULL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (ssize_t)scm_noted(note);
}

/* Hands out the fds of one control message as long as there is room, and closes the others. False: some were closed. */
static bool scm_take(struct cmsghdr *cmsg, int *fds, size_t max_fds, size_t *n_fds)
{
	size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	bool all = true;

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
		if (*n_fds < max_fds) {
			fds[(*n_fds)++] = fd;
		} else {
			peer_fd_close(&fd);
			all = false;
		}
	}
	return all;
}

ssize_t scm_recv(int socket, void *data, size_t len, int *fds, size_t max_fds, size_t *n_fds, int flags)
{
	struct iovec iov = { .iov_base = data, .iov_len = len };
	union scm_control control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t got;
	bool all;

	*n_fds = 0;
	do {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		got = recvmsg(socket, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;

	/* MSG_CTRUNC: the peer sent more than SCM_FDS_MAX, or this process is at its limit of open files. */
	all = !(msg.msg_flags & MSG_CTRUNC);
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
			all = scm_take(cmsg, fds, max_fds, n_fds) && all;
	}
	if (all)
		return got;
	while (*n_fds > 0)
		peer_fd_close(&fds[--*n_fds]);
	return -EMFILE;
}

/* More than fit any socket's buffer. */
#define SHUT_MESSAGES_MAX 65536

void scm_shut(int socket)
{
	char bytes[512];

	if (shutdown(socket, SHUT_RD) < 0)
		return;
	for (unsigned i = 0; i < SHUT_MESSAGES_MAX; i++) {
		if (recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
			return;
	}
}

bool scm_is_other_end(int fd, int socket)
{
	struct sockaddr_un ours = { 0 }, theirs = { 0 };
	socklen_t our_len = sizeof(ours), their_len = sizeof(theirs);

	return getpeername(fd, (struct sockaddr *)&theirs, &their_len) == 0 && theirs.sun_family == AF_UNIX &&
	       getsockname(socket, (struct sockaddr *)&ours, &our_len) == 0 && our_len > sizeof(sa_family_t) &&
	       our_len == their_len && memcmp(&ours, &theirs, sizeof(ours)) == 0;
}
