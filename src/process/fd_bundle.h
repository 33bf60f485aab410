/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One fd that stands for many. It is an end of a connection whose other end is closed, and in which messages
 * wait that bring them. Whoever holds it keeps all of them open; when it is closed unread, so are they.
 */
#pragma once

#include <stddef.h>

/* The bundle of these fds, in this order: the caller's; the fds stay the caller's, too. -errno. */
int fd_bundle_make(const int *fds, size_t n);
/*
 * The next n fds of a bundle: the caller's, close-on-exec. The first fd is taken alone, the others, all of them, after
 * it. 0; -ENODATA: it has fewer; -EMFILE: it has more, or this process may not have as many; another -errno. Then none.
 */
int fd_bundle_take(int bundle, int *fds, size_t n);
/* Closes all that is still in it, whoever else has the bundle. */
void fd_bundle_drain(int bundle);
