/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Bytes together with file descriptors over Unix sockets (SCM_RIGHTS). */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define SCM_FDS_MAX 64

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
