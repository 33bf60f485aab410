/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* RLIMIT_NOFILE: every used line of a real chip is an fd, in the worker and in the supervisor. */
#pragma once

#include <stddef.h>

#include "base/why.h"

/* What a process of ours needs beside lines: sockets, rings, memory regions, the loop. */
#define FD_LIMIT_BASE 64
/*
 * Of a guest, at least: what the supervisor has of it all the time (a listening socket, a session, its end of the worker's
 * channel, both ends of the control channel, a timer), and what it stores of a front-end (the connection, two rings' kick,
 * call and error, a channel, two regions of memory, which come with one message and stay with another). Where there are
 * more each guest may have its share of them.
 */
#define FD_LIMIT_OWN	   6
#define FD_LIMIT_PER_GUEST (FD_LIMIT_OWN + 12)

/* Raises the limit to what it may be, and beyond where that is allowed and needed. -EMFILE: not enough, *why says it. */
int fd_limit_raise(size_t needed, struct why *why);
