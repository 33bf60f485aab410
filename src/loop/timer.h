/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Timers of a loop. */
#pragma once

#include <stdint.h>

#include "loop/loop.h"

/*
 * CLOCK_MONOTONIC timerfd. Setting again replaces the times; interval_ns 0 is one shot; first_ns is at least 1.
 *
 * Many a timer is there for the case that something was not to be had, and that may be an fd: where the kernel gives no
 * timerfd the loop itself keeps the time, in milliseconds, and what a timer is for is done all the same.
 */
struct loop_timer {
	struct loop_watch watch;
	int fd; /* owned; valid while watch.loop is not NULL */
	struct loop_alarm alarm;
	uint64_t interval_ns;
	void (*fn)(struct loop_timer *timer);
};

/* 0: nothing that it takes can be lacking. */
int loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t first_ns, uint64_t interval_ns,
		   void (*fn)(struct loop_timer *timer));
void loop_timer_del(struct loop_timer *timer);
