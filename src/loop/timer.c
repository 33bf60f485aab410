/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Timers of the event loop: a timerfd each, or an alarm of the loop. */
#include "loop/timer.h"

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/util.h"

#define NS_PER_S 1000000000u

static void timer_ready(struct loop_watch *watch, uint32_t events)
{
	struct loop_timer *timer = container_of(watch, struct loop_timer, watch);
	uint64_t expirations;

	/* EAGAIN: set again by another callback of this turn. */
	if (read(timer->fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		timer->fn(timer);
}

static int timer_open(struct loop *loop, struct loop_timer *timer)
{
	int ret;

	timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer->fd < 0)
		return -errno;
	ret = loop_watch_add(loop, &timer->watch, timer->fd, EPOLLIN, timer_ready);
	if (ret < 0)
		fd_close(&timer->fd);
	return ret;
}

static struct timespec ns_to_timespec(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
}

static uint64_t due_ns(uint64_t in_ns)
{
	uint64_t now = clock_now_ns();

	return in_ns < UINT64_MAX - now ? now + in_ns : UINT64_MAX;
}

static void alarm_rang(struct loop *loop, struct loop_alarm *alarm)
{
	struct loop_timer *timer = container_of(alarm, struct loop_timer, alarm);

	if (timer->interval_ns > 0)
		loop_alarm_set(loop, alarm, due_ns(timer->interval_ns), alarm_rang);
	timer->fn(timer);
}

static void timer_wait(struct loop *loop, struct loop_timer *timer, uint64_t ns)
{
	loop_alarm_set(loop, &timer->alarm, due_ns(ns), alarm_rang);
}

int loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t first_ns, uint64_t interval_ns,
		   void (*fn)(struct loop_timer *timer))
{
	/* 0 would disarm it. */
	uint64_t first = first_ns > 0 ? first_ns : 1;
	struct itimerspec times = { .it_value = ns_to_timespec(first), .it_interval = ns_to_timespec(interval_ns) };

	timer->fn = fn;
	timer->interval_ns = interval_ns;
	loop_alarm_del(&timer->alarm);
	if (!timer->watch.loop && timer_open(loop, timer) < 0) {
		timer_wait(loop, timer, first);
	} else if (timerfd_settime(timer->fd, 0, &times, NULL) < 0) {
		loop_timer_del(timer);
		timer_wait(loop, timer, first);
	}
	return 0;
}

void loop_timer_del(struct loop_timer *timer)
{
	loop_alarm_del(&timer->alarm);
	if (!timer->watch.loop)
		return;
	loop_watch_del(&timer->watch);
	fd_close(&timer->fd);
}
