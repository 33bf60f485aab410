/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Whoever closes a socket last closes what is in it, and that may be anything: a TCP socket that lingers, a file of a
 * file system that does not answer. The supervisor, which other guests need, has a process of its own wait for that.
 */
#pragma once

#include <stddef.h>

/* Closes the fd; in a process of its own if it is a socket with something in it. It is -1 then. */
void async_close(int *fd);
/* Closes these fds, in any case in a process of its own if there is one. They are -1 then. */
void async_close_all(int *fds, size_t n);
