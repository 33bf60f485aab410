/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Processes that are told to end for a successor: at a restart, by the next program, or for good instead. */
#include "child_fixture.h"

#include <signal.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"

/* However often, by whatever status; one whose work has an end says that this is not the end. */
static void making_room_is_no_death(void **state)
{
	static const enum life lives[] = { LIFE_WAIT, LIFE_WAIT_END_WELL, LIFE_WAIT_MAKE_ROOM };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lives); i++) {
		fixture->child.has_end = lives[i] != LIFE_WAIT_END_WELL;
		fixture->starts = fixture->ends = fixture->loops[CHILD_LOOP_NONE] = 0;
		start(fixture, lives[i]);
		for (int n = 1; n <= 2 * CHILD_DEATHS_MAX; n++) {
			child_restart(&fixture->child, SIGTERM);
			child_restart(&fixture->child, SIGTERM);
			assert_true(fixture->child.restarting);
			reap(fixture);
			assert_int_equal(fixture->ends, n);
			assert_false(fixture->child.restarting);
			assert_false(fixture->child.done);
			assert_null(fixture->child.pause.watch.loop);
			assert_int_equal(fixture->starts, n + 1);
		}
		assert_int_equal(fixture->loops[CHILD_LOOP_NONE], 2 * CHILD_DEATHS_MAX);
		assert_int_equal(fixture->child.log_limit.written, 0);
		fixture->life = LIFE_WAIT;
		kill(fixture->child.pid, SIGKILL);
		waitpid(fixture->child.pid, NULL, 0);
		fixture->child.pid = 0;
	}
}

/* It has come to its end before it was told, or instead. */
static void end_of_the_work_although_told_to_make_room(void **state)
{
	struct fixture *fixture = *state;

	fixture->child.has_end = true;
	start(fixture, LIFE_WAIT_END_WELL);
	child_restart(&fixture->child, SIGTERM);
	reap(fixture);
	assert_true(fixture->done_at_end);
	assert_int_equal(fixture->starts, 1);
	assert_int_equal(fixture->child.pid, 0);
}

/* A process that says so without having been told has just died. */
static void room_that_nobody_asked_for(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, LIFE_WAIT_MAKE_ROOM);
	for (int i = 0; i < CHILD_DEATHS_MAX; i++) {
		make_older(fixture, CHILD_LOOP_NS);
		kill(fixture->child.pid, SIGTERM);
		die(fixture, 1);
	}
	assert_int_equal(fixture->loops[CHILD_LOOP_FIRST], 1);
}

/* One that an earlier program has started. */
static void adopted(void **state)
{
	static const bool restarting[] = { false, true };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(restarting); i++) {
		pid_t pid;

		start(fixture, LIFE_WAIT);
		pid = fixture->child.pid;
		fixture->child.pid = 0;
		child_adopt(&fixture->child, pid, restarting[i]);
		assert_true(fixture->child.outdated);
		kill(pid, SIGKILL);
		reap(fixture);
		/* It was told to make room, or it died. */
		assert_int_equal(fixture->child.log_limit.written, restarting[i] ? 0 : 1);
		assert_int_not_equal(fixture->child.pid, 0);
		assert_int_not_equal(fixture->child.pid, pid);
		assert_false(fixture->child.outdated);
		kill(fixture->child.pid, SIGKILL);
		waitpid(fixture->child.pid, NULL, 0);
		fixture->child.pid = 0;
		fixture->child.log_limit = (struct log_limit){ 0 };
	}
}

/* Somebody else has waited for it. */
static void adopted_one_that_is_none_of_ours(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid;

	fixture->life = LIFE_END_WELL;
	child_start(&fixture->child);
	pid = fixture->child.pid;
	waitpid(pid, NULL, 0);
	fixture->child.pid = 0;
	fixture->life = LIFE_WAIT;
	child_adopt(&fixture->child, pid, false);
	assert_true(child_reap(&fixture->child));
	assert_int_not_equal(fixture->child.pid, pid);
	assert_int_equal(fixture->starts, 2);
}

static void adopted_one_that_does_not_make_room_is_killed(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid;

	start(fixture, LIFE_STUBBORN);
	pid = fixture->child.pid;
	fixture->child.pid = 0;
	fixture->life = LIFE_WAIT;
	child_adopt(&fixture->child, pid, true);
	assert_int_equal(loop_turn(&fixture->loop, 20000), 0);
	reap(fixture);
	assert_int_equal(fixture->starts, 2);
}

/* After it made room, its successor's end is one like any other. */
static void successor_is_like_any_other(void **state)
{
	struct fixture *fixture = *state;

	fixture->child.has_end = true;
	start(fixture, LIFE_WAIT);
	fixture->life = LIFE_END_WELL;
	child_restart(&fixture->child, SIGTERM);
	reap(fixture);
	reap(fixture);
	assert_true(fixture->child.done);
	assert_int_equal(fixture->child.pid, 0);
}

static void stop_is_stronger(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, LIFE_WAIT);
	child_restart(&fixture->child, SIGTERM);
	child_stop(&fixture->child, SIGTERM);
	reap(fixture);
	assert_int_equal(fixture->starts, 1);
	assert_int_equal(fixture->child.pid, 0);
	child_restart(&fixture->child, SIGTERM);
	assert_int_equal(fixture->starts, 1);
	assert_int_equal(fixture->child.log_limit.written, 0);
}

static void one_that_is_stopping_is_left_alone(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, LIFE_STUBBORN);
	child_stop(&fixture->child, SIGTERM);
	child_restart(&fixture->child, SIGTERM);
	assert_false(fixture->child.restarting);
	assert_null(fixture->child.pause.watch.loop);
}

static void one_that_does_not_make_room_is_killed(void **state)
{
	struct fixture *fixture = *state;
	struct timespec before, after;
	struct itimerspec left;

	start(fixture, LIFE_STUBBORN);
	fixture->life = LIFE_WAIT;
	clock_gettime(CLOCK_MONOTONIC, &before);
	child_restart(&fixture->child, SIGTERM);
	/* Told again, it has no more time. */
	usleep(50000);
	child_restart(&fixture->child, SIGTERM);
	assert_int_equal(timerfd_gettime(fixture->child.pause.fd, &left), 0);
	assert_in_range(left.it_value.tv_sec * 1000000000ull + (uint64_t)left.it_value.tv_nsec, 0,
			CHILD_RESTART_TIMEOUT_NS - 50000000);
	assert_int_equal(loop_turn(&fixture->loop, 20000), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec >= 1);
	reap(fixture);
	assert_int_equal(fixture->starts, 2);
	assert_false(child_reap(&fixture->child));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(making_room_is_no_death),
		T(end_of_the_work_although_told_to_make_room),
		T(room_that_nobody_asked_for),
		T(adopted),
		T(adopted_one_that_is_none_of_ours),
		T(adopted_one_that_does_not_make_room_is_killed),
		T(successor_is_like_any_other),
		T(stop_is_stronger),
		T(one_that_is_stopping_is_left_alone),
		T(one_that_does_not_make_room_is_killed),
	};

	return cmocka_run_group_tests_name("child_replace", tests, NULL, NULL);
}
