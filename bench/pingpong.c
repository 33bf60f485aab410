/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Two eventfds and a child that copies from one to the other. */
#include "pingpong.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "wait.h"

static void __attribute__((noreturn)) echo(const struct pingpong *pingpong)
{
	uint64_t value;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(pingpong->ping_fd, &value, sizeof(value)) == sizeof(value))
		if (write(pingpong->pong_fd, &value, sizeof(value)) != sizeof(value))
			break;
	_exit(0);
}

void pingpong_start(struct pingpong *pingpong)
{
	pingpong->ping_fd = eventfd(0, EFD_CLOEXEC);
	pingpong->pong_fd = eventfd(0, EFD_CLOEXEC);
	if (pingpong->ping_fd < 0 || pingpong->pong_fd < 0)
		failure("eventfd: %s", strerror(errno));
	pingpong->pid = fork();
	if (pingpong->pid < 0)
		failure("fork: %s", strerror(errno));
	if (pingpong->pid == 0)
		echo(pingpong);
}

void pingpong_stop(struct pingpong *pingpong)
{
	kill(pingpong->pid, SIGKILL);
	waitpid(pingpong->pid, NULL, 0);
	close(pingpong->ping_fd);
	close(pingpong->pong_fd);
}

uint64_t pingpong_once(struct pingpong *pingpong)
{
	uint64_t start = clock_ns(), value = 1;

	if (write(pingpong->ping_fd, &value, sizeof(value)) != sizeof(value) ||
	    read(pingpong->pong_fd, &value, sizeof(value)) != sizeof(value))
		failure("ping-pong: %s", strerror(errno));
	return clock_ns() - start;
}
