/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The event loop of each process: epoll, level-triggered, single-threaded.
 *
 * A turn is: wait, call the watch of each ready fd, then run what was deferred, once. Watches, defers, timers and
 * signal sets are embedded in the object that owns them (container_of finds it); the loop allocates nothing for them.
 * All *_del functions are idempotent and may be called from any callback, also for an object whose event of this turn
 * is still to come: it will not be called. A zero-initialised object is a deleted one.
 * Errors are -errno.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* As many lines as most guests have fire in one turn, with one call. */
#define LOOP_EVENTS_PER_TURN 128

struct loop_watch;
struct loop_defer;
struct loop_alarm;
struct loop_before;
struct loop_after;

struct loop {
	int epoll_fd; /* owned */
	bool quit;
	int status;
	struct loop_defer *defer_first, *defer_last;
	struct loop_watch *ready[LOOP_EVENTS_PER_TURN]; /* of this turn; NULL once deleted */
	int n_ready;
	struct loop_alarm *alarms;
	struct loop_before *before; /* or NULL */
	struct loop_after *after;   /* or NULL */
};

/*
 * Makes what the next loop_init() takes: for a process that is about to give up making any. Who has several epolls can have
 * each fd that it shares with others in them any number of times, and each write to it then takes them a time. -errno.
 */
int loop_prepare(void);
int loop_init(struct loop *loop);
void loop_deinit(struct loop *loop);

/* Turns until loop_quit(); returns its status, or -errno when waiting fails. */
int loop_run(struct loop *loop);
/* One turn, waiting timeout_ms at most (-1: for ever). 0 or -errno. */
int loop_turn(struct loop *loop, int timeout_ms);
void loop_quit(struct loop *loop, int status);

/* fn gets the EPOLL* bits that are ready. The fd stays its owner's. */
struct loop_watch {
	struct loop *loop; /* NULL: not added */
	int fd;
	void (*fn)(struct loop_watch *watch, uint32_t events);
};

int loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
		   void (*fn)(struct loop_watch *watch, uint32_t events));
int loop_watch_modify(struct loop_watch *watch, uint32_t events);
/* To be called before the fd is closed. */
void loop_watch_del(struct loop_watch *watch);

/*
 * fn runs once at the end of the turn in which loop_defer_add() was called, however often it was called. What a
 * deferred fn defers runs at the end of the next turn, which then does not wait: so work may be cut into turns.
 */
struct loop_defer {
	struct loop *loop; /* NULL: not pending */
	struct loop_defer *prev, *next;
	void (*fn)(struct loop_defer *defer);
};

void loop_defer_add(struct loop *loop, struct loop_defer *defer, void (*fn)(struct loop_defer *defer));
void loop_defer_del(struct loop_defer *defer);

/*
 * fn runs once, in the first turn at or after due_ns (CLOCK_MONOTONIC), as late as epoll's milliseconds make it. It
 * takes no fd and nothing of the kernel's, so setting one cannot fail: timer.h is for all that can wait for one.
 */
struct loop_alarm {
	struct loop *loop; /* NULL: not set */
	struct loop_alarm *next;
	uint64_t due_ns;
	void (*fn)(struct loop *loop, struct loop_alarm *alarm);
};

void loop_alarm_set(struct loop *loop, struct loop_alarm *alarm, uint64_t due_ns,
		    void (*fn)(struct loop *loop, struct loop_alarm *alarm));
void loop_alarm_del(struct loop_alarm *alarm);

/* fn runs before a turn that would wait: one of a loop. True: it is not to wait, fn wants to run again. */
struct loop_before {
	bool (*fn)(struct loop_before *before);
};

/* fn runs at the end of every turn, behind what was deferred: one of a loop, for what must not be forgotten. */
struct loop_after {
	void (*fn)(struct loop_after *after);
};
