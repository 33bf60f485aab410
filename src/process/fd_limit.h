/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* RLIMIT_NOFILE: every used line of a real chip is an fd, in the worker and in the supervisor. */
#pragma once

#include <stddef.h>

#include "base/why.h"

/* What a process of ours needs beside lines: sockets, rings, memory regions, the loop. */
#define FD_LIMIT_BASE	   64
#define FD_LIMIT_PER_GUEST 32

/* Raises the limit to what it may be, and beyond where that is allowed and needed. -EMFILE: not enough, *why says it. */
int fd_limit_raise(size_t needed, struct why *why);
