/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * --ready-fd=N: whoever started us learns that every socket is there by a newline on fd N, which is then closed (the
 * convention of s6's notification-fd). End of file without a newline: the start failed.
 */
#pragma once

#include <stddef.h>

#include "base/why.h"

/*
 * Takes the fd into our care: it must be open for writing, and above 2, which are for standard input, output and
 * errors alone. No program that we run inherits it. -errno, with the reason in words, the fd named.
 */
int ready_fd_take(int fd, struct why *why);
/* Writes the newline, closes the fd and makes it -1; -1: nothing. A reader that is gone is no failure: it is logged. */
void ready_fd_tell(int *fd);
