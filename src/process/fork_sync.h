/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A forked process holds copies of all fds until it has closed those that are not its own. Meanwhile nobody can give a
 * line of a chip back to the kernel, so the supervisor waits for that, and takes no message of a worker before
 * (supervisor_channel.h: SUPERVISOR_CHANNEL_BARRIER, SUPERVISOR_CHANNEL_LINE).
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct fork_sync {
	int fds[2]; /* -1: there is no fd for it, and nobody waits */
};

/* Before fork_sync_fork(). */
void fork_sync_begin(struct fork_sync *sync);
/*
 * fork(), by the kernel alone. What the C library does around it is for programs with threads, and writes to pages that
 * the two processes then no longer share.
 */
pid_t fork_sync_fork(void);
/* In the old process, whether that worked or not. Waits for a limited time. */
void fork_sync_wait(struct fork_sync *sync);
/*
 * In between nobody is waited for, but at the end for all at once: who starts a thousand processes would else give the
 * processor away a thousand times. It takes no message of a worker in between. n: at most so many were started.
 */
void fork_sync_hold(void);
void fork_sync_release(size_t n);
