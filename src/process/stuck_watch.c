/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One-shot events of the fds, then a look a second. */
#include "process/stuck_watch.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/util.h"

#define TICK_NS (1000ull * 1000 * 1000)

#define LISTENING_EVENTS  (EPOLLIN | EPOLLRDHUP | EPOLLONESHOT)
#define CONNECTION_EVENTS (EPOLLRDHUP | EPOLLONESHOT)

static void ticked(struct loop_timer *timer);

static void tick_start(struct stuck_watch *watch)
{
	if (!watch->tick.fn)
		loop_timer_set(watch->loop, &watch->tick, TICK_NS, 0, ticked);
	watch->tick.fn = ticked;
}

static void tick_stop(struct stuck_watch *watch)
{
	loop_timer_del(&watch->tick);
	watch->tick.fn = NULL;
}

/* Waits for the next event. What it takes may be lacking: then it is looked at all the same. */
static void arm(struct stuck_watch *watch, struct loop_watch *fd_watch, int fd, uint32_t events,
		void (*fn)(struct loop_watch *fd_watch, uint32_t events))
{
	int ret;

	if (fd_watch->loop)
		ret = loop_watch_modify(fd_watch, events);
	else
		ret = loop_watch_add(watch->loop, fd_watch, fd, events, fn);
	/* EPERM: a worker stored something that is no connection. */
	if (ret < 0 && ret != -EPERM)
		tick_start(watch);
}

static void somebody_came(struct loop_watch *fd_watch, uint32_t events)
{
	struct stuck_watch *watch = container_of(fd_watch, struct stuck_watch, listening);

	if (!(events & (EPOLLRDHUP | EPOLLHUP))) {
		tick_start(watch);
		return;
	}
	loop_watch_del(fd_watch);
	watch->listen_fd = -1;
	watch->stuck(watch, STUCK_WATCH_SHUT);
}

static void front_end_left(struct loop_watch *fd_watch, uint32_t events)
{
	tick_start(container_of(fd_watch, struct stuck_watch, connection));
}

static bool is_waiting(const struct stuck_watch *watch)
{
	struct pollfd pfd = { .fd = watch->listen_fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0 && pfd.revents & POLLIN;
}

static bool has_hung_up(const struct stuck_watch *watch)
{
	return watch->connection_fd >= 0 && fd_is_shut(watch->connection_fd);
}

/* Whatever is not waited for by now. */
static void arm_all(struct stuck_watch *watch, bool waiting)
{
	if (watch->listen_fd >= 0 && !waiting)
		arm(watch, &watch->listening, watch->listen_fd, LISTENING_EVENTS, somebody_came);
	if (watch->connection_fd >= 0 && !watch->connection.loop)
		arm(watch, &watch->connection, watch->connection_fd, CONNECTION_EVENTS, front_end_left);
}

static bool is_alive(struct stuck_watch *watch)
{
	struct stuck_watch_signs signs = watch->signs(watch);
	bool alive = memcmp(&signs, &watch->last, sizeof(signs)) != 0 || watch->messages != watch->last_messages;

	watch->last = signs;
	watch->last_messages = watch->messages;
	return alive;
}

/* Those of a worker that has not begun to look for front-ends yet. */
static unsigned ticks_allowed(const struct stuck_watch *watch)
{
	return watch->last.accepts != watch->first.accepts ? STUCK_WATCH_TICKS : STUCK_WATCH_START_TICKS;
}

/* Whether it waits; and whether it has waited too long. */
static bool waits(struct stuck_watch *watch, enum stuck_watch_reason reason, bool now, bool alive, bool *too_long)
{
	unsigned *ticks = &watch->ticks[reason];

	*ticks = now && !alive ? *ticks + 1 : 0;
	*too_long = *ticks >= ticks_allowed(watch);
	return now;
}

static void ticked(struct loop_timer *timer)
{
	struct stuck_watch *watch = container_of(timer, struct stuck_watch, tick);
	bool alive = is_alive(watch), again = false;
	const bool now[] = { [STUCK_WATCH_WAITING] = is_waiting(watch), [STUCK_WATCH_HUNG_UP] = has_hung_up(watch) };

	tick_stop(watch);
	for (unsigned reason = 0; reason < ARRAY_SIZE(now); reason++) {
		bool too_long;

		again |= waits(watch, reason, now[reason], alive, &too_long);
		if (too_long) {
			watch->stuck(watch, reason);
			return;
		}
	}
	if (again)
		tick_start(watch);
	arm_all(watch, now[STUCK_WATCH_WAITING]);
}

void stuck_watch_prepare(struct stuck_watch *watch)
{
	watch->first = watch->signs(watch);
}

void stuck_watch_begin(struct stuck_watch *watch, struct loop *loop, int listen_fd, int connection_fd)
{
	stuck_watch_end(watch);
	watch->loop = loop;
	watch->listen_fd = listen_fd;
	watch->connection_fd = connection_fd;
	memset(watch->ticks, 0, sizeof(watch->ticks));
	watch->last = watch->signs(watch);
	arm_all(watch, false);
}

void stuck_watch_connection(struct stuck_watch *watch, int connection_fd)
{
	loop_watch_del(&watch->connection);
	watch->connection_fd = connection_fd;
	watch->ticks[STUCK_WATCH_HUNG_UP] = 0;
	if (watch->loop)
		arm_all(watch, true);
}

void stuck_watch_end(struct stuck_watch *watch)
{
	loop_watch_del(&watch->listening);
	loop_watch_del(&watch->connection);
	tick_stop(watch);
	watch->loop = NULL;
}
