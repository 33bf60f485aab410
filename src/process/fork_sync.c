/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A pipe: its end comes when the new process has closed what it inherited. */
#include "process/fork_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/fd.h"

#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 34)
#define HAVE__FORK
#endif
#endif

#define WAIT_MS 3000 /* a machine that is busy gives a new process the processor late */

/* What all processes between hold and release have in common. Nothing is counted here: it would cost each of them a page. */
static struct {
	struct fork_sync sync;
	bool active;
} held;

static void sync_open(struct fork_sync *sync)
{
	if (pipe2(sync->fds, O_CLOEXEC) < 0)
		sync->fds[0] = sync->fds[1] = -1;
}

static void sync_wait(struct fork_sync *sync, int wait_ms)
{
	struct pollfd pfd = { .fd = sync->fds[0] }; /* POLLHUP is always reported */

	fd_close(&sync->fds[1]);
	while (pfd.fd >= 0 && poll(&pfd, 1, wait_ms) < 0 && errno == EINTR)
		;
	fd_close(&sync->fds[0]);
}

void fork_sync_hold(void)
{
	sync_open(&held.sync);
	held.active = true;
}

void fork_sync_release(size_t n)
{
	sync_wait(&held.sync, WAIT_MS + (int)n);
	held.active = false;
}

void fork_sync_begin(struct fork_sync *sync)
{
	if (!held.active)
		sync_open(sync);
}

pid_t fork_sync_fork(void)
{
#ifdef HAVE__FORK
	return _Fork();
#else
	return fork();
#endif
}

void fork_sync_wait(struct fork_sync *sync)
{
	if (!held.active)
		sync_wait(sync, WAIT_MS);
}
