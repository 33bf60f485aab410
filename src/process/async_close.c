/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A process that only closes. Who forks must reap it: processes_reap_strays(). */
#include "process/async_close.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/child.h"
#include "process/fork_sync.h"

/* Bytes, or connections that nobody has taken. */
static bool holds_something(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	/* EINVAL: it listens. */
	return n > 0 || (n < 0 && errno == EINVAL && poll(&pfd, 1, 0) > 0);
}

/* Until the end of go: the copies in the supervisor are closed, this process has the last ones, and _exit() closes them. */
static void __attribute__((noreturn)) closing_life(const int *fds, size_t n, int go)
{
	int *keep = malloc((n + 1) * sizeof(*keep));
	char byte;

	prctl(PR_SET_NAME, "vgpio:closing");
	if (keep) {
		memcpy(keep, fds, n * sizeof(*keep));
		keep[n] = go;
		child_keep_fds(keep, n + 1);
		while (read(go, &byte, 1) < 0 && errno == EINTR)
			;
	}
	_exit(0);
}

void async_close_all(int *fds, size_t n)
{
	struct fork_sync sync;
	int go[2] = { -1, -1 };
	pid_t pid = -1;

	if (n > 0 && pipe2(go, O_CLOEXEC) == 0) {
		fork_sync_begin(&sync);
		pid = fork();
		if (pid == 0)
			closing_life(fds, n, go[0]);
		fork_sync_wait(&sync);
	}
	for (size_t i = 0; i < n; i++)
		fd_close(&fds[i]);
	fd_close(&go[0]);
	fd_close(&go[1]);
}

void async_close(int *fd)
{
	if (*fd >= 0 && holds_something(*fd))
		async_close_all(fd, 1);
	fd_close(fd);
}
