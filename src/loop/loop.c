/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The event loop: turns, watches and deferred work.
 *
 * epoll reports a batch of ready fds, and the callback of one may delete, or free, the owner of another. So the
 * watches of a turn stand in loop->ready[], and deleting a watch takes it out of there too.
 */
#include "loop/loop.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/util.h"

#define NS_PER_MS 1000000u

static int prepared_fd = -1;

int loop_prepare(void)
{
	if (prepared_fd < 0)
		prepared_fd = epoll_create1(EPOLL_CLOEXEC);
	return prepared_fd < 0 ? -errno : 0;
}

int loop_init(struct loop *loop)
{
	int ret = loop_prepare();

	*loop = (struct loop){ .epoll_fd = fd_steal(&prepared_fd) };
	return ret;
}

void loop_deinit(struct loop *loop)
{
	while (loop->defer_first)
		loop_defer_del(loop->defer_first);
	while (loop->alarms)
		loop_alarm_del(loop->alarms);
	fd_close(&loop->epoll_fd);
}

static int loop_ctl(struct loop_watch *watch, int op, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(watch->loop->epoll_fd, op, watch->fd, &event) < 0 ? -errno : 0;
}

int loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
		   void (*fn)(struct loop_watch *watch, uint32_t events))
{
	int ret;

	if (watch->loop)
		return -EEXIST;
	*watch = (struct loop_watch){ .loop = loop, .fd = fd, .fn = fn };
	ret = loop_ctl(watch, EPOLL_CTL_ADD, events);
	if (ret < 0)
		watch->loop = NULL;
	return ret;
}

int loop_watch_modify(struct loop_watch *watch, uint32_t events)
{
	return watch->loop ? loop_ctl(watch, EPOLL_CTL_MOD, events) : -ENOENT;
}

void loop_watch_del(struct loop_watch *watch)
{
	struct loop *loop = watch->loop;

	if (!loop)
		return;
	loop_ctl(watch, EPOLL_CTL_DEL, 0);
	for (int i = 0; i < loop->n_ready; i++) {
		if (loop->ready[i] == watch)
			loop->ready[i] = NULL;
	}
	watch->loop = NULL;
}

static void defer_append(struct loop *loop, struct loop_defer *defer)
{
	defer->loop = loop;
	defer->prev = loop->defer_last;
	defer->next = NULL;
	if (loop->defer_last)
		loop->defer_last->next = defer;
	else
		loop->defer_first = defer;
	loop->defer_last = defer;
}

void loop_defer_add(struct loop *loop, struct loop_defer *defer, void (*fn)(struct loop_defer *defer))
{
	defer->fn = fn;
	if (!defer->loop)
		defer_append(loop, defer);
}

void loop_defer_del(struct loop_defer *defer)
{
	struct loop *loop = defer->loop;

	if (!loop)
		return;
	if (defer->prev)
		defer->prev->next = defer->next;
	else
		loop->defer_first = defer->next;
	if (defer->next)
		defer->next->prev = defer->prev;
	else
		loop->defer_last = defer->prev;
	defer->loop = NULL;
	defer->prev = defer->next = NULL;
}

/* A mark that nobody else can delete parts what was deferred up to now from what these callbacks defer. */
static void loop_run_deferred(struct loop *loop)
{
	struct loop_defer mark = { .fn = NULL };
	struct loop_defer *defer;

	if (!loop->defer_first)
		return;
	defer_append(loop, &mark);
	while ((defer = loop->defer_first) != &mark) {
		loop_defer_del(defer);
		defer->fn(defer);
	}
	loop_defer_del(&mark);
}

void loop_alarm_set(struct loop *loop, struct loop_alarm *alarm, uint64_t due_ns,
		    void (*fn)(struct loop *loop, struct loop_alarm *alarm))
{
	loop_alarm_del(alarm);
	*alarm = (struct loop_alarm){ .loop = loop, .next = loop->alarms, .due_ns = due_ns, .fn = fn };
	loop->alarms = alarm;
}

void loop_alarm_del(struct loop_alarm *alarm)
{
	struct loop_alarm **at;

	if (!alarm->loop)
		return;
	for (at = &alarm->loop->alarms; *at != alarm; at = &(*at)->next)
		;
	*at = alarm->next;
	alarm->loop = NULL;
}

/* How long a turn may wait for what is due. */
static int due_ms(const struct loop *loop, int timeout_ms)
{
	uint64_t now = loop->alarms ? clock_now_ns() : 0;

	if (loop->defer_first)
		return 0;
	for (const struct loop_alarm *alarm = loop->alarms; alarm; alarm = alarm->next) {
		uint64_t left_ms = alarm->due_ns > now ? (alarm->due_ns - now - 1) / NS_PER_MS + 1 : 0;

		if (left_ms < INT_MAX && (timeout_ms < 0 || (int)left_ms < timeout_ms))
			timeout_ms = (int)left_ms;
	}
	return timeout_ms;
}

static int wait_ms(const struct loop *loop, int timeout_ms)
{
	timeout_ms = due_ms(loop, timeout_ms);
	return timeout_ms != 0 && loop->before && loop->before->fn(loop->before) ? 0 : timeout_ms;
}

/* One that is set meanwhile is due later than now. Each may delete any other: so from the first on after each. */
static void loop_run_alarms(struct loop *loop)
{
	uint64_t now = loop->alarms ? clock_now_ns() : 0;
	struct loop_alarm *alarm = loop->alarms;

	while (alarm) {
		if (alarm->due_ns > now) {
			alarm = alarm->next;
			continue;
		}
		loop_alarm_del(alarm);
		alarm->fn(loop, alarm);
		alarm = loop->alarms;
	}
}

int loop_turn(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[LOOP_EVENTS_PER_TURN] UNINITIALIZED;
	int n = epoll_wait(loop->epoll_fd, events, LOOP_EVENTS_PER_TURN, wait_ms(loop, timeout_ms));

	if (n < 0) {
		if (errno != EINTR)
			return -errno;
		n = 0;
	}
	for (int i = 0; i < n; i++)
		loop->ready[i] = events[i].data.ptr;
	loop->n_ready = n;
	for (int i = 0; i < n; i++) {
		struct loop_watch *watch = loop->ready[i];

		if (watch)
			watch->fn(watch, events[i].events);
	}
	loop->n_ready = 0;
	loop_run_alarms(loop);
	loop_run_deferred(loop);
	if (loop->after)
		loop->after->fn(loop->after);
	return 0;
}

int loop_run(struct loop *loop)
{
	while (!loop->quit) {
		int ret = loop_turn(loop, -1);

		if (ret < 0)
			return ret;
	}
	loop->quit = false;
	return loop->status;
}

void loop_quit(struct loop *loop, int status)
{
	loop->quit = true;
	loop->status = status;
}
