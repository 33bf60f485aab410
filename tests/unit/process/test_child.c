/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Processes that are kept running: which ends are deaths, which are the end of the work, which hand over. */
#include "rows.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "process/child.h"
#include "unit/lowest_fd.h"

/* What the process does. */
enum life {
	LIFE_END_WELL,
	LIFE_END_BADLY,
	LIFE_WAIT,	     /* until it is killed */
	LIFE_WAIT_END_WELL,  /* SIGTERM ends it with status 0 */
	LIFE_WAIT_MAKE_ROOM, /* SIGTERM ends it with the status that says so */
	LIFE_LACK,	     /* ends at once, for want of something */
	LIFE_STUBBORN,	     /* SIGTERM does nothing to it */
};

struct fixture {
	struct child child;
	struct loop loop;
	sigset_t signals_own;
	enum life life;
	int starts, ends;
	int loops[CHILD_LOOPS];
	uint32_t progress; /* what it is said to have done */
	int prepare_error; /* -errno: it cannot be started */
	bool done_at_end;
};

static void end_well(int signo)
{
	_exit(0);
}

static void make_room(int signo)
{
	_exit(CHILD_HANDED_OVER);
}

static int life_main(struct child *child)
{
	const struct fixture *fixture = container_of(child, struct fixture, child);
	int none = -1;

	/* No test that fails leaves it behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	child_keep_fds(&none, 1);
	if (fixture->life == LIFE_LACK)
		return CHILD_LACKS;
	if (fixture->life <= LIFE_END_BADLY)
		return fixture->life == LIFE_END_BADLY;
	for (;;)
		pause();
}

static int life_prepare(struct child *child)
{
	struct fixture *fixture = container_of(child, struct fixture, child);

	/* The process inherits it: so no SIGTERM comes too early. */
	signal(SIGTERM, fixture->life == LIFE_STUBBORN	       ? SIG_IGN
			: fixture->life == LIFE_WAIT_END_WELL  ? end_well
			: fixture->life == LIFE_WAIT_MAKE_ROOM ? make_room
							       : SIG_DFL);
	fixture->starts++;
	return fixture->prepare_error;
}

static void life_started(struct child *child)
{
	signal(SIGTERM, SIG_DFL);
}

static uint32_t life_progress(const struct child *child)
{
	return container_of(child, const struct fixture, child)->progress;
}

static void life_ended(struct child *child, enum child_loop loop)
{
	struct fixture *fixture = container_of(child, struct fixture, child);

	fixture->ends++;
	fixture->loops[loop]++;
	fixture->done_at_end = child->done;
}

static const struct child_ops life_ops = {
	.prepare = life_prepare,
	.started = life_started,
	.main = life_main,
	.progress = life_progress,
	.ended = life_ended,
};

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ 0 };
	sigemptyset(&fixture.signals_own);
	fixture.child = (struct child){ .ops = &life_ops,
					.loop = &fixture.loop,
					.tag = "test",
					.process_name = "vgpio:test",
					.signals_own = &fixture.signals_own };
	*state = &fixture;
	return loop_init(&fixture.loop);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	child_stop(&fixture->child, SIGKILL);
	if (fixture->child.pid > 0)
		waitpid(fixture->child.pid, NULL, 0);
	loop_deinit(&fixture->loop);
	return 0;
}

/* Waits for the end of the process that runs now, then does what is due. */
static void reap(struct fixture *fixture)
{
	siginfo_t info;

	assert_true(fixture->child.pid > 0);
	assert_int_equal(waitid(P_PID, (id_t)fixture->child.pid, &info, WEXITED | WNOWAIT), 0);
	assert_true(child_reap(&fixture->child));
}

static void start(struct fixture *fixture, enum life life)
{
	fixture->life = life;
	child_start(&fixture->child);
	assert_true(fixture->child.pid > 0);
	assert_false(child_reap(&fixture->child));
}

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

/* The pause is over. */
static void start_now(struct fixture *fixture)
{
	loop_timer_del(&fixture->child.pause);
	child_start(&fixture->child);
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

/* As if it had died that long ago. */
static void make_older(struct fixture *fixture, uint64_t ns)
{
	for (unsigned i = 0; i < CHILD_DEATHS_MAX; i++)
		fixture->child.deaths_ns[i] -= fixture->child.deaths_ns[i] > 0 ? ns : 0;
}

static void die(struct fixture *fixture, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		reap(fixture);
		if (fixture->child.pid == 0)
			start_now(fixture);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_end_is_a_death, setup, teardown),
		cmocka_unit_test_setup_teardown(end_of_the_work, setup, teardown),
		cmocka_unit_test_setup_teardown(death_of_one_with_an_end, setup, teardown),
		cmocka_unit_test_setup_teardown(deaths_at_once_are_no_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(deaths_that_go_on_are_a_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(who_gets_on_is_in_no_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_life_ends_the_row, setup, teardown),
		cmocka_unit_test_setup_teardown(lack_of_something_is_no_loop_for_a_while, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_from_outside_or_by_us, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_seems_to_end, setup, teardown),
		cmocka_unit_test_setup_teardown(making_room_is_no_death, setup, teardown),
		cmocka_unit_test_setup_teardown(end_of_the_work_although_told_to_make_room, setup, teardown),
		cmocka_unit_test_setup_teardown(room_that_nobody_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(adopted, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_can_not_be_started_is_said_now_and_then, setup, teardown),
		cmocka_unit_test_setup_teardown(lack_of_fds_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(adopted_one_that_is_none_of_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(adopted_one_that_does_not_make_room_is_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(successor_is_like_any_other, setup, teardown),
		cmocka_unit_test_setup_teardown(stop_is_stronger, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_is_stopping_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_does_not_make_room_is_killed, setup, teardown),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
