/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A process that only closes. Who forks must reap it: processes_reap_strays(). */
#include "process/async_close.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
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

/*
 * Until SIGUSR1: the copies in the supervisor are closed, this process has the last ones, and _exit() closes them. It takes
 * no fd to wait for that, which may be what is lacking.
 */
static void __attribute__((noreturn)) closing_life(int *fds, size_t n, const sigset_t *go)
{
	prctl(PR_SET_NAME, "vgpio:closing");
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	child_keep_fds(fds, n);
	while (sigwaitinfo(go, NULL) < 0 && errno == EINTR)
		;
	_exit(0);
}

void async_close_all(int *fds, size_t n)
{
	struct fork_sync sync;
	sigset_t go, before;
	pid_t pid = -1;

	if (n > 0) {
		sigemptyset(&go);
		sigaddset(&go, SIGUSR1);
		sigprocmask(SIG_BLOCK, &go, &before);
		fork_sync_begin(&sync);
		pid = fork();
		if (pid == 0)
			closing_life(fds, n, &go);
		fork_sync_wait(&sync);
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	for (size_t i = 0; i < n; i++)
		fd_close(&fds[i]);
	if (pid > 0)
		kill(pid, SIGUSR1);
}

void async_close(int *fd)
{
	if (*fd >= 0 && holds_something(*fd))
		async_close_all(fd, 1);
	fd_close(fd);
}
