/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Two eventfds and a child that copies from one to the other. */
#include "pingpong.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "wait.h"

static bool wait_read(const struct pingpong *pingpong)
{
	uint64_t value;

	return read(pingpong->ping_fd, &value, sizeof(value)) == sizeof(value);
}

static int epoll_make(const struct pingpong *pingpong)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(fd, EPOLL_CTL_ADD, pingpong->ping_fd, &event);
	return fd;
}

static void __attribute__((noreturn)) echo(const struct pingpong *pingpong, enum pingpong_kind kind)
{
	const uint64_t value = 1;
	struct epoll_event event;
	int epoll_fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	epoll_fd = kind == PINGPONG_EPOLL ? epoll_make(pingpong) : -1;
	while (epoll_fd >= 0 ? epoll_wait(epoll_fd, &event, 1, -1) == 1 : wait_read(pingpong)) {
		if (write(pingpong->pong_fd, &value, sizeof(value)) != sizeof(value))
			break;
	}
	_exit(0);
}

void pingpong_start(struct pingpong *pingpong, enum pingpong_kind kind)
{
	pingpong->ping_fd = eventfd(0, EFD_CLOEXEC);
	pingpong->pong_fd = eventfd(0, EFD_CLOEXEC);
	if (pingpong->ping_fd < 0 || pingpong->pong_fd < 0)
		failure("eventfd: %s", strerror(errno));
	pingpong->pid = fork();
	if (pingpong->pid < 0)
		failure("fork: %s", strerror(errno));
	if (pingpong->pid == 0)
		echo(pingpong, kind);
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
