/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of loop/: what may be deleted when, and in which turn things run. */
#include "rows.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "loop/timer.h"
#include "unit/lowest_fd.h"

#define MS 1000000ull

static struct loop loop;

static int loop_start(void **state)
{
	return loop_init(&loop);
}

static int loop_end(void **state)
{
	loop_deinit(&loop);
	loop_deinit(&loop);
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / MS;
}

struct peer {
	struct loop_watch watch;
	struct loop_defer defer;
	struct loop_timer timer;
	struct loop_signals signals;
	struct peer *other;
	int fd;
	int calls;
	int timer_calls;
	int defer_calls;
	int signo;
	uint32_t events;
};

static void count(struct loop_watch *watch, uint32_t events)
{
	struct peer *peer = container_of(watch, struct peer, watch);

	peer->calls++;
	peer->events = events;
}

static void delete_other(struct loop_watch *watch, uint32_t events)
{
	struct peer *peer = container_of(watch, struct peer, watch);

	peer->calls++;
	loop_watch_del(&peer->other->watch);
	loop_watch_del(&peer->other->watch);
}

/* Deletes and frees its own owner and the other one. */
static void free_both(struct loop_watch *watch, uint32_t events)
{
	struct peer *peer = container_of(watch, struct peer, watch), *other = peer->other;

	loop_watch_del(&other->watch);
	loop_watch_del(&peer->watch);
	close(other->fd);
	close(peer->fd);
	free(other);
	free(peer);
}

static void watch_calls_while_ready(void **state)
{
	struct peer a = { .fd = eventfd(1, EFD_CLOEXEC) };

	assert_int_equal(loop_watch_add(&loop, &a.watch, a.fd, EPOLLIN, count), 0);
	assert_int_equal(loop_watch_add(&loop, &a.watch, a.fd, EPOLLIN, count), -EEXIST);
	loop_turn(&loop, 0);
	loop_turn(&loop, 0);
	assert_int_equal(a.calls, 2);
	assert_int_equal(a.events, EPOLLIN);
	assert_int_equal(loop_watch_modify(&a.watch, 0), 0);
	loop_turn(&loop, 0);
	assert_int_equal(a.calls, 2);
	assert_int_equal(loop_watch_modify(&a.watch, EPOLLOUT), 0);
	loop_turn(&loop, 0);
	assert_int_equal(a.events, EPOLLOUT);
	loop_watch_del(&a.watch);
	loop_watch_del(&a.watch);
	loop_turn(&loop, 0);
	assert_int_equal(a.calls, 3);
	assert_int_equal(loop_watch_modify(&a.watch, EPOLLIN), -ENOENT);
	close(a.fd);
	assert_int_equal(loop_watch_add(&loop, &a.watch, -1, EPOLLIN, count), -EBADF);
	assert_null(a.watch.loop);
}

static void deleted_in_callback_is_not_called(void **state)
{
	struct peer a = { .fd = eventfd(1, EFD_CLOEXEC) }, b = { .fd = eventfd(1, EFD_CLOEXEC) };

	a.other = &b;
	b.other = &a;
	loop_watch_add(&loop, &a.watch, a.fd, EPOLLIN, delete_other);
	loop_watch_add(&loop, &b.watch, b.fd, EPOLLIN, delete_other);
	loop_turn(&loop, 0);
	assert_int_equal(a.calls + b.calls, 1);
	loop_watch_del(&a.watch);
	loop_watch_del(&b.watch);
	close(a.fd);
	close(b.fd);
}

static void freed_in_callback(void **state)
{
	struct peer *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));

	a->fd = eventfd(1, EFD_CLOEXEC);
	b->fd = eventfd(1, EFD_CLOEXEC);
	a->other = b;
	b->other = a;
	loop_watch_add(&loop, &a->watch, a->fd, EPOLLIN, free_both);
	loop_watch_add(&loop, &b->watch, b->fd, EPOLLIN, free_both);
	assert_int_equal(loop_turn(&loop, 0), 0);
	assert_int_equal(loop_turn(&loop, 0), 0);
}

static void more_ready_than_a_turn_takes(void **state)
{
	struct peer peers[LOOP_EVENTS_PER_TURN + 8] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
		peers[i].fd = eventfd(1, EFD_CLOEXEC);
		loop_watch_add(&loop, &peers[i].watch, peers[i].fd, EPOLLIN, count);
	}
	loop_turn(&loop, 0);
	loop_turn(&loop, 0);
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
		assert_true(peers[i].calls > 0);
		loop_watch_del(&peers[i].watch);
		close(peers[i].fd);
	}
}

static void defer_count(struct loop_defer *defer)
{
	container_of(defer, struct peer, defer)->defer_calls++;
}

static void defer_again(struct loop_defer *defer)
{
	struct peer *peer = container_of(defer, struct peer, defer);

	if (++peer->defer_calls < 3)
		loop_defer_add(&loop, defer, defer_again);
}

static void defer_deletes_other(struct loop_defer *defer)
{
	struct peer *peer = container_of(defer, struct peer, defer);

	peer->defer_calls++;
	loop_defer_del(&peer->other->defer);
}

static void defer_frees_itself(struct loop_defer *defer)
{
	free(container_of(defer, struct peer, defer));
}

static void defer_thrice(struct loop_watch *watch, uint32_t events)
{
	struct peer *peer = container_of(watch, struct peer, watch);

	for (int i = 0; i < 3; i++)
		loop_defer_add(&loop, &peer->defer, defer_count);
	assert_int_equal(peer->defer_calls, 0);
	loop_watch_del(watch);
}

static void defer_runs_once_at_end_of_turn(void **state)
{
	struct peer a = { .fd = eventfd(1, EFD_CLOEXEC) };

	loop_watch_add(&loop, &a.watch, a.fd, EPOLLIN, defer_thrice);
	loop_turn(&loop, 0);
	assert_int_equal(a.defer_calls, 1);
	loop_turn(&loop, 0);
	assert_int_equal(a.defer_calls, 1);
	close(a.fd);
}

struct turn_end {
	struct loop_after after;
	struct peer *peer;
	int calls, defers_seen;
};

static void note_turn_end(struct loop_after *after)
{
	struct turn_end *end = container_of(after, struct turn_end, after);

	end->calls++;
	end->defers_seen = end->peer->defer_calls;
}

static void after_runs_behind_what_was_deferred(void **state)
{
	struct peer a = { .fd = eventfd(1, EFD_CLOEXEC) };
	struct turn_end end = { .after.fn = note_turn_end, .peer = &a };

	loop.after = &end.after;
	loop_watch_add(&loop, &a.watch, a.fd, EPOLLIN, defer_thrice);
	loop_turn(&loop, 0);
	assert_int_equal(end.calls, 1);
	assert_int_equal(end.defers_seen, 1);
	loop_turn(&loop, 0); /* nothing to do */
	assert_int_equal(end.calls, 2);
	loop.after = NULL;
	loop_turn(&loop, 0);
	assert_int_equal(end.calls, 2);
	close(a.fd);
}

static void defer_of_a_defer_runs_next_turn_without_waiting(void **state)
{
	struct peer a = { 0 };
	uint64_t start = now_ms();

	loop_defer_add(&loop, &a.defer, defer_again);
	for (int turn = 1; turn <= 3; turn++) {
		loop_turn(&loop, 10000);
		assert_int_equal(a.defer_calls, turn);
	}
	assert_true(now_ms() - start < 5000);
	start = now_ms();
	loop_turn(&loop, 30);
	assert_true(now_ms() - start >= 29);
	assert_int_equal(a.defer_calls, 3);
}

static void defer_deleted_by_defer(void **state)
{
	struct peer a = { 0 }, b = { 0 }, c = { 0 }, *d = calloc(1, sizeof(*d));

	a.other = &b;
	c.other = &a; /* done already */
	loop_defer_add(&loop, &a.defer, defer_deletes_other);
	loop_defer_add(&loop, &b.defer, defer_count);
	loop_defer_add(&loop, &c.defer, defer_deletes_other);
	loop_defer_add(&loop, &d->defer, defer_frees_itself);
	loop_turn(&loop, 0);
	assert_int_equal(a.defer_calls, 1);
	assert_int_equal(b.defer_calls, 0);
	assert_int_equal(c.defer_calls, 1);
	assert_null(loop.defer_first);
	assert_null(loop.defer_last);
}

static void defer_deleted_from_any_place(void **state)
{
	struct peer p[3];

	for (size_t del = 0; del < 3; del++) {
		memset(p, 0, sizeof(p));
		for (size_t i = 0; i < 3; i++)
			loop_defer_add(&loop, &p[i].defer, defer_count);
		loop_defer_del(&p[del].defer);
		loop_defer_del(&p[del].defer);
		loop_turn(&loop, 0);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(p[i].defer_calls, i != del);
	}
	loop_defer_add(&loop, &p[0].defer, defer_count);
	loop_deinit(&loop);
	assert_null(p[0].defer.loop);
}

static void timer_count(struct loop_timer *timer)
{
	container_of(timer, struct peer, timer)->timer_calls++;
}

static void timer_deletes_itself(struct loop_timer *timer)
{
	timer_count(timer);
	loop_timer_del(timer);
}

static void timer_one_shot_and_interval(void **state)
{
	struct peer a = { 0 };
	uint64_t start = now_ms();

	assert_int_equal(loop_timer_set(&loop, &a.timer, 20 * MS, 0, timer_count), 0);
	loop_turn(&loop, 5000);
	assert_int_equal(a.timer_calls, 1);
	assert_true(now_ms() - start >= 19);
	loop_turn(&loop, 30);
	assert_int_equal(a.timer_calls, 1);

	/* Again, with an interval, and 0 is as soon as possible. */
	assert_int_equal(loop_timer_set(&loop, &a.timer, 0, 5 * MS, timer_count), 0);
	for (int i = 0; i < 3; i++)
		loop_turn(&loop, 5000);
	assert_int_equal(a.timer_calls, 4);
	assert_int_equal(loop_timer_set(&loop, &a.timer, 1, 0, timer_deletes_itself), 0);
	loop_turn(&loop, 5000);
	assert_int_equal(a.timer_calls, 5);
	assert_null(a.timer.watch.loop);
	loop_timer_del(&a.timer);
	loop_turn(&loop, 10);
	assert_int_equal(a.timer_calls, 5);
	assert_int_equal(loop_timer_set(&loop, &a.timer, UINT64_MAX, 0, timer_count), 0);
	loop_timer_del(&a.timer);
}

static void set_timer_of_other(struct loop_watch *watch, uint32_t events)
{
	struct peer *peer = container_of(watch, struct peer, watch);

	peer->calls++;
	loop_timer_set(&loop, &peer->other->timer, 10000 * MS, 0, timer_count);
}

/* Both are ready in one turn; whichever comes first, a timer that was set again does not fire for its old time. */
static void timer_set_again_while_ready(void **state)
{
	struct peer a = { .fd = eventfd(1, EFD_CLOEXEC) }, b = { 0 };

	a.other = &b;
	loop_watch_add(&loop, &a.watch, a.fd, EPOLLIN, set_timer_of_other);
	loop_timer_set(&loop, &b.timer, 1, 0, timer_count);
	usleep(2000);
	loop_turn(&loop, 0);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.timer_calls, 0);
	loop_watch_del(&a.watch);
	loop_timer_del(&b.timer);
	close(a.fd);
}

static void timer_sets_other(struct loop_timer *timer)
{
	struct peer *peer = container_of(timer, struct peer, timer);

	timer_count(timer);
	loop_timer_del(&peer->other->timer);
	assert_int_equal(loop_timer_set(&loop, timer, 0, 0, timer_count), 0);
}

static rlim_t fds_limit(rlim_t n)
{
	struct rlimit limit;
	rlim_t before;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

/* What a timer is for may be the very lack of fds. */
static void timer_needs_no_fd(void **state)
{
	struct peer a = { 0 }, b = { 0 };
	uint64_t start = now_ms();
	rlim_t before = fds_limit((rlim_t)lowest_fd());

	assert_int_equal(loop_timer_set(&loop, &a.timer, 20 * MS, 0, timer_count), 0);
	assert_int_equal(loop_timer_set(&loop, &b.timer, UINT64_MAX, 0, timer_count), 0);
	loop_turn(&loop, 5000);
	assert_int_equal(a.timer_calls, 1);
	assert_true(now_ms() - start >= 19);
	loop_turn(&loop, 30);
	assert_int_equal(a.timer_calls, 1);
	assert_int_equal(loop_timer_set(&loop, &a.timer, 0, 5 * MS, timer_count), 0);
	for (int i = 0; i < 3; i++)
		loop_turn(&loop, 5000);
	assert_int_equal(a.timer_calls, 4);
	assert_int_equal(loop_timer_set(&loop, &a.timer, 10000 * MS, 0, timer_count), 0);
	loop_turn(&loop, 20);
	assert_int_equal(a.timer_calls, 4);

	/* Of two that are due one deletes the other, and sets itself anew: for the next turn. */
	a.other = &b;
	b.other = &a;
	assert_int_equal(loop_timer_set(&loop, &a.timer, 0, 0, timer_sets_other), 0);
	assert_int_equal(loop_timer_set(&loop, &b.timer, 0, 0, timer_sets_other), 0);
	usleep(1000);
	loop_turn(&loop, 5000);
	assert_int_equal(a.timer_calls + b.timer_calls, 5);
	loop_turn(&loop, 5000);
	assert_int_equal(a.timer_calls + b.timer_calls, 6);
	loop_turn(&loop, 20);
	assert_int_equal(a.timer_calls + b.timer_calls, 6);

	/* One that is set when there are fds again has one. */
	assert_int_equal(loop_timer_set(&loop, &a.timer, 10000 * MS, 0, timer_count), 0);
	fds_limit(before);
	assert_int_equal(loop_timer_set(&loop, &a.timer, 1, 0, timer_deletes_itself), 0);
	assert_non_null(a.timer.watch.loop);
	loop_turn(&loop, 5000);
	assert_int_equal(a.timer_calls + b.timer_calls, 7);
	loop_turn(&loop, 20);
	assert_int_equal(a.timer_calls + b.timer_calls, 7);
}

static void on_signal(struct loop_signals *signals, int signo)
{
	struct peer *peer = container_of(signals, struct peer, signals);

	peer->calls++;
	peer->signo = signo;
	if (signo == SIGUSR2)
		loop_quit(&loop, 42);
}

static void signals_arrive(void **state)
{
	struct peer a = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	assert_int_equal(loop_signals_add(&loop, &a.signals, &set, on_signal), 0);
	assert_int_equal(loop_signals_add(&loop, &a.signals, &set, on_signal), -EEXIST);
	raise(SIGUSR1);
	loop_turn(&loop, 5000);
	assert_int_equal(a.signo, SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR2);
	assert_int_equal(loop_run(&loop), 42);
	assert_int_equal(a.calls, 3);
	loop_signals_del(&a.signals);
	loop_signals_del(&a.signals);
	raise(SIGUSR1); /* blocked still */
}

static void run_returns_quit_status(void **state)
{
	loop_quit(&loop, 3);
	assert_int_equal(loop_run(&loop), 3);
	close(loop.epoll_fd);
	assert_int_equal(loop_run(&loop), -EBADF);
	loop.epoll_fd = -1;
}

#define LOOP_TEST(fn) cmocka_unit_test_setup_teardown(fn, loop_start, loop_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(watch_calls_while_ready),
		LOOP_TEST(deleted_in_callback_is_not_called),
		LOOP_TEST(freed_in_callback),
		LOOP_TEST(more_ready_than_a_turn_takes),
		LOOP_TEST(defer_runs_once_at_end_of_turn),
		LOOP_TEST(after_runs_behind_what_was_deferred),
		LOOP_TEST(defer_of_a_defer_runs_next_turn_without_waiting),
		LOOP_TEST(defer_deleted_by_defer),
		LOOP_TEST(defer_deleted_from_any_place),
		LOOP_TEST(timer_one_shot_and_interval),
		LOOP_TEST(timer_set_again_while_ready),
		LOOP_TEST(timer_needs_no_fd),
		LOOP_TEST(signals_arrive),
		LOOP_TEST(run_returns_quit_status),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
