/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* fds that a peer sent and that nobody wants: of any kind. */
#pragma once

/*
 * As fd_close(), but of a socket without waiting for its other end (SO_LINGER). A peer that has the socket, too, may ask
 * for that again in between, and a file may have its file system wait: whoever must not wait looks at what it is before
 * (fd_kind.h), or leaves it to somebody who may (process/async_close.h).
 */
void peer_fd_close(int *fd);
