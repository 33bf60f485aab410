/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Processes that are kept running: which ends are deaths, which deaths are a loop, and who cannot be started. */
#include "child_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "base/util.h"
#include "unit/lowest_fd.h"

static void every_end_is_a_death(void **state)
{
	struct fixture *fixture = *state;

	fixture->life = LIFE_END_WELL;
	child_start(&fixture->child);
	for (int i = 1; i <= 2; i++) {
		reap(fixture);
		assert_false(fixture->child.done);
		assert_true(fixture->child.pid > 0);
		assert_int_equal(fixture->starts, i + 1);
	}
}

static void end_of_the_work(void **state)
{
	struct fixture *fixture = *state;

	fixture->child.has_end = true;
	fixture->life = LIFE_END_WELL;
	child_start(&fixture->child);
	reap(fixture);
	assert_int_equal(fixture->ends, 1);
	assert_true(fixture->done_at_end);
	assert_true(fixture->child.done);
	assert_int_equal(fixture->child.pid, 0);
	assert_null(fixture->child.pause.watch.loop);
	child_start(&fixture->child);
	child_restart(&fixture->child, SIGTERM);
	assert_int_equal(fixture->starts, 1);
	assert_int_equal(fixture->child.log_limit.written, 0);
}

/* Its work has not ended by that. */
static void death_of_one_with_an_end(void **state)
{
	struct fixture *fixture = *state;

	fixture->child.has_end = true;
	fixture->life = LIFE_END_BADLY;
	child_start(&fixture->child);
	reap(fixture);
	assert_false(fixture->child.done);
	assert_int_equal(fixture->starts, 2);
	reap(fixture);
	fixture->life = LIFE_WAIT;
	assert_int_equal(fixture->starts, 3);
	kill(fixture->child.pid, SIGKILL);
	reap(fixture);
	assert_false(fixture->child.done);
	assert_non_null(fixture->child.pause.watch.loop);
}

/* Waits for its end, and for its successor if that comes after a pause. Returns the pause. */
static uint64_t death_ms(struct fixture *fixture)
{
	struct itimerspec left = { 0 };

	reap(fixture);
	if (fixture->child.pid > 0)
		return 0;
	assert_int_equal(timerfd_gettime(fixture->child.pause.fd, &left), 0);
	return (uint64_t)left.it_value.tv_sec * 1000 + ((uint64_t)left.it_value.tv_nsec + 999999) / 1000000;
}

/* However many within a moment: it was, say, without memory for so long. */
static void deaths_at_once_are_no_loop(void **state)
{
	static const unsigned pauses[] = { 0, 0, 20, 50, 100, 200, 500, 1000, 2000, 5000, 5000, 5000 };
	struct fixture *fixture = *state;

	fixture->life = LIFE_END_BADLY;
	child_start(&fixture->child);
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		assert_in_range(death_ms(fixture), pauses[i] / 2, pauses[i]);
		if (pauses[i] > 0)
			start_now(fixture);
	}
	assert_int_equal(fixture->loops[CHILD_LOOP_NONE], ARRAY_SIZE(pauses));
}

static void deaths_that_go_on_are_a_loop(void **state)
{
	struct fixture *fixture = *state;

	fixture->life = LIFE_END_BADLY;
	child_start(&fixture->child);
	die(fixture, CHILD_DEATHS_MAX);
	make_older(fixture, CHILD_LOOP_MAX_NS);
	die(fixture, CHILD_DEATHS_MAX - 1);
	assert_int_equal(fixture->loops[CHILD_LOOP_NONE], 2 * CHILD_DEATHS_MAX - 1);
	make_older(fixture, CHILD_LOOP_NS);
	die(fixture, 1);
	assert_int_equal(fixture->loops[CHILD_LOOP_FIRST], 1);
	die(fixture, 1);
	assert_int_equal(fixture->loops[CHILD_LOOP_AGAIN], 1);
	/* No pause for who was told to start it. */
	reap(fixture);
	assert_int_equal(fixture->child.pid, 0);
	fixture->life = LIFE_WAIT;
	child_restart(&fixture->child, SIGTERM);
	assert_true(fixture->child.pid > 0);
	assert_null(fixture->child.pause.watch.loop);
	assert_false(fixture->child.restarting);
}

static void who_gets_on_is_in_no_loop(void **state)
{
	struct fixture *fixture = *state;

	fixture->life = LIFE_END_BADLY;
	child_start(&fixture->child);
	for (int i = 0; i < 4 * CHILD_DEATHS_MAX; i++) {
		uint64_t ms;

		fixture->progress++;
		make_older(fixture, CHILD_LOOP_NS);
		ms = death_ms(fixture);
		/* Nor does it get the whole processor: what it says of itself may be a lie. */
		assert_in_range(ms, i < 2 ? 0 : 10, i < 2 ? 0 : 20);
		if (ms > 0)
			start_now(fixture);
	}
	assert_int_equal(fixture->loops[CHILD_LOOP_NONE], 4 * CHILD_DEATHS_MAX);
	/* Once is enough for a row to begin anew. */
	die(fixture, CHILD_DEATHS_MAX - 1);
	fixture->progress++;
	die(fixture, CHILD_DEATHS_MAX - 1);
	make_older(fixture, CHILD_LOOP_NS);
	die(fixture, 1);
	assert_int_equal(fixture->loops[CHILD_LOOP_FIRST], 0);
	die(fixture, 1);
	assert_int_equal(fixture->loops[CHILD_LOOP_FIRST], 1);
}

static void a_long_life_ends_the_row(void **state)
{
	struct fixture *fixture = *state;

	fixture->life = LIFE_END_BADLY;
	child_start(&fixture->child);
	die(fixture, CHILD_DEATHS_MAX + 2);
	make_older(fixture, CHILD_LOOP_NS);
	fixture->child.started_ns -= CHILD_LONG_LIFE_NS;
	assert_int_equal(death_ms(fixture), 0);
	assert_int_equal(fixture->loops[CHILD_LOOP_FIRST], 0);
}

/* It may last some time; but who lacks something for ever is in a loop as well. */
static void lack_of_something_is_no_loop_for_a_while(void **state)
{
	struct fixture *fixture = *state;

	fixture->life = LIFE_WAIT;
	child_start(&fixture->child);
	fixture->life = LIFE_LACK;
	kill(fixture->child.pid, SIGKILL);
	die(fixture, 1);
	for (int i = 0; i < 4 * CHILD_DEATHS_MAX; i++) {
		make_older(fixture, CHILD_LOOP_NS);
		die(fixture, 1);
		/* What became of the one that was at work before. */
		assert_true(fixture->child.blameless);
	}
	assert_int_equal(fixture->loops[CHILD_LOOP_NONE], 4 * CHILD_DEATHS_MAX + 1);
	fixture->child.lacks_since_ns -= CHILD_LACK_NS;
	for (int i = 0; i < CHILD_DEATHS_MAX; i++) {
		make_older(fixture, CHILD_LOOP_NS);
		die(fixture, 1);
	}
	assert_int_equal(fixture->loops[CHILD_LOOP_FIRST], 1);
}

/* SIGKILL is somebody else's, unless it is ours. */
static void killed_from_outside_or_by_us(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, LIFE_WAIT);
	for (int i = 0; i < 4 * CHILD_DEATHS_MAX; i++) {
		make_older(fixture, CHILD_LOOP_NS);
		kill(fixture->child.pid, SIGKILL);
		die(fixture, 1);
		assert_true(fixture->child.blameless);
	}
	assert_int_equal(fixture->loops[CHILD_LOOP_NONE], 4 * CHILD_DEATHS_MAX);
	for (int i = 0; i < CHILD_DEATHS_MAX; i++) {
		make_older(fixture, CHILD_LOOP_NS);
		child_condemn(&fixture->child, NULL);
		die(fixture, 1);
		assert_false(fixture->child.blameless);
	}
	assert_int_equal(fixture->loops[CHILD_LOOP_FIRST], 1);
	kill(fixture->child.pid, SIGKILL);
	die(fixture, 1);
	assert_int_equal(fixture->loops[CHILD_LOOP_AGAIN], 0);
}

/* It closes what it has before its end is told: that is no reason to take it for one that was killed by us. */
static void one_that_seems_to_end(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, LIFE_WAIT);
	kill(fixture->child.pid, SIGKILL);
	child_await_end(&fixture->child);
	die(fixture, 1);
	assert_true(fixture->child.blameless);
	/* It does not. */
	child_await_end(&fixture->child);
	assert_int_equal(loop_turn(&fixture->loop, 20000), 0);
	die(fixture, 1);
	assert_false(fixture->child.blameless);
}

/* It is tried again and again, and the log does not grow with that. */
static void one_that_can_not_be_started_is_said_now_and_then(void **state)
{
	struct fixture *fixture = *state;

	fixture->prepare_error = -EMFILE;
	for (int i = 1; i <= 3 * LOG_LIMIT_BURST; i++) {
		child_start(&fixture->child);
		assert_int_equal(fixture->child.pid, 0);
		assert_int_equal(fixture->starts, i);
	}
	assert_in_range(fixture->child.log_limit.written, 1, LOG_LIMIT_BURST);
	assert_true(fixture->child.log_limit.left_out > 0);
	fixture->prepare_error = 0;
	fixture->life = LIFE_WAIT;
	assert_int_equal(loop_turn(&fixture->loop, 20000), 0);
	assert_true(fixture->child.pid > 0);
}

/* There is no fd, also for a timer, until somebody gives one back. */
static void lack_of_fds_passes(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit limit, none;

	start(fixture, LIFE_WAIT);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ (rlim_t)lowest_fd(), limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(open("/dev/null", O_RDONLY), -1);
	fixture->prepare_error = -EMFILE;
	kill(fixture->child.pid, SIGKILL);
	reap(fixture);
	assert_int_equal(fixture->child.pid, 0);
	for (int i = 0; i < 2; i++) {
		int starts = fixture->starts;

		assert_int_equal(loop_turn(&fixture->loop, 20000), 0);
		assert_int_equal(fixture->starts, starts + 1);
	}
	fixture->prepare_error = 0;
	assert_int_equal(loop_turn(&fixture->loop, 20000), 0);
	assert_true(fixture->child.pid > 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_end_is_a_death),
		T(end_of_the_work),
		T(death_of_one_with_an_end),
		T(deaths_at_once_are_no_loop),
		T(deaths_that_go_on_are_a_loop),
		T(who_gets_on_is_in_no_loop),
		T(a_long_life_ends_the_row),
		T(lack_of_something_is_no_loop_for_a_while),
		T(killed_from_outside_or_by_us),
		T(one_that_seems_to_end),
		T(one_that_can_not_be_started_is_said_now_and_then),
		T(lack_of_fds_passes),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
