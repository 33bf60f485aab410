/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Clock and time-outs. */
#include "wait.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "failure.h"

uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

uint64_t clock_ms(void)
{
	return clock_ns() / 1000000;
}

void sleep_ms(unsigned ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static bool wait_events(int fd, short events, int timeout_ms)
{
	uint64_t end_ms = clock_ms() + (uint64_t)timeout_ms;
	struct pollfd pfd = { .fd = fd, .events = events };

	for (;;) {
		int n = poll(&pfd, 1, timeout_ms);

		if (n >= 0)
			return n > 0;
		if (errno != EINTR)
			failure("poll: errno %d", errno);
		timeout_ms = clock_ms() >= end_ms ? 0 : (int)(end_ms - clock_ms());
	}
}

bool wait_readable(int fd, int timeout_ms)
{
	return wait_events(fd, POLLIN, timeout_ms);
}

bool wait_writable(int fd, int timeout_ms)
{
	return wait_events(fd, POLLOUT, timeout_ms);
}

bool wait_for(bool (*done)(void *ctx), void *ctx, int timeout_ms)
{
	uint64_t end_ms = clock_ms() + (uint64_t)timeout_ms;

	while (!done(ctx)) {
		if (clock_ms() >= end_ms)
			return false;
		sleep_ms(1);
	}
	return true;
}
