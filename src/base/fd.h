/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* File descriptor helpers. An fd variable that owns nothing holds -1. */
#pragma once

#include <stdbool.h>

/* Closes *fd unless it is -1, and makes it -1. errno is kept. */
void fd_close(int *fd);

/* Takes the fd out of *fd: the caller owns it from now on. */
int fd_steal(int *fd);

/* Sets O_NONBLOCK on the open file description. 0 or -errno. */
int fd_set_nonblock(int fd);

/* Whether nothing can be read from this socket, ever, or nobody can connect to it: somebody who has it shut it down. */
bool fd_is_shut(int fd);
