/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A carrier: one fd that stands for many. It is an end of a connection whose other end is closed, and in which messages
 * wait that bring them. Whoever holds it keeps all of them open; when it is closed unread, so are they.
 */
#pragma once

#include <stddef.h>

/* The carrier of these fds, in this order: the caller's; the fds stay the caller's, too. -errno. */
int carrier_make(const int *fds, size_t n);
/*
 * The next n fds of a carrier: the caller's, close-on-exec. The first fd is taken alone, the others, all of them, after
 * it. 0; -ENODATA: it has fewer; -EMFILE: it has more, or this process may not have as many; another -errno. Then none.
 */
int carrier_take(int carrier, int *fds, size_t n);
/* Closes all that it still carries, whoever else has the carrier. */
void carrier_drain(int carrier);
