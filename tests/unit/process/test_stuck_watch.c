/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Who waits for how long, and what is a sign of life; the seconds are made shorter. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/util.h"
#include "process/stuck_watch.h"

struct fixture {
	struct loop loop;
	struct stuck_watch watch;
	struct stuck_watch_signs signs;
	int listener, caller, ends[2]; /* of a connection: ours, theirs */
	unsigned stuck[STUCK_WATCH_REASONS];
};

static struct stuck_watch_signs signs(const struct stuck_watch *watch)
{
	return container_of(watch, const struct fixture, watch)->signs;
}

static void stuck(struct stuck_watch *watch, enum stuck_watch_reason reason)
{
	container_of(watch, struct fixture, watch)->stuck[reason]++;
}

/* A worker with a front-end, which has begun to take others. */
static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	fixture->caller = -1;
	fixture->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	fixture->watch.signs = signs;
	fixture->watch.stuck = stuck;
	/* A name of the kernel's choice. */
	if (bind(fixture->listener, &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(sa_family_t)) < 0 ||
	    listen(fixture->listener, 8) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fixture->ends) < 0 ||
	    loop_init(&fixture->loop) < 0)
		return -1;
	stuck_watch_prepare(&fixture->watch);
	stuck_watch_begin(&fixture->watch, &fixture->loop, fixture->listener, fixture->ends[0]);
	fixture->signs.accepts++;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	stuck_watch_end(&fixture->watch);
	loop_deinit(&fixture->loop);
	close(fixture->listener);
	if (fixture->caller >= 0)
		close(fixture->caller);
	close(fixture->ends[0]);
	if (fixture->ends[1] >= 0)
		close(fixture->ends[1]);
	free(fixture);
	return 0;
}

static void somebody_calls(struct fixture *fixture)
{
	struct sockaddr_un addr;
	socklen_t len = sizeof(addr);

	fixture->caller = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(getsockname(fixture->listener, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(connect(fixture->caller, (struct sockaddr *)&addr, len), 0);
}

static void front_end_goes(struct fixture *fixture)
{
	close(fixture->ends[1]);
	fixture->ends[1] = -1;
}

/* What there is to be seen is seen; then so many seconds go by. */
static void seconds(struct fixture *fixture, unsigned n)
{
	assert_int_equal(loop_turn(&fixture->loop, 0), 0);
	for (unsigned i = 0; i < n && fixture->watch.tick.fn; i++) {
		loop_timer_set(&fixture->loop, &fixture->watch.tick, 1, 0, fixture->watch.tick.fn);
		assert_int_equal(loop_turn(&fixture->loop, 20000), 0);
	}
}

static void assert_quiet(struct fixture *fixture)
{
	assert_null(fixture->watch.tick.fn);
	assert_null(fixture->watch.tick.watch.loop);
	assert_int_equal(loop_turn(&fixture->loop, 0), 0);
	assert_null(fixture->watch.tick.fn);
}

static void nobody_waits(void **state)
{
	struct fixture *fixture = *state;

	assert_quiet(fixture);
	/* Somebody did, for a moment. */
	somebody_calls(fixture);
	close(accept(fixture->listener, NULL, NULL));
	seconds(fixture, 3);
	assert_quiet(fixture);
	close(fixture->caller);
	/* And is seen when he comes again. */
	somebody_calls(fixture);
	seconds(fixture, 1);
	assert_non_null(fixture->watch.tick.fn);
}

/* It had the processor before the watch did: it has no longer a time than others. */
static void it_began_at_once(void **state)
{
	struct fixture *fixture = *state;

	stuck_watch_end(&fixture->watch);
	stuck_watch_prepare(&fixture->watch);
	fixture->signs.accepts++;
	stuck_watch_begin(&fixture->watch, &fixture->loop, fixture->listener, fixture->ends[0]);
	somebody_calls(fixture);
	seconds(fixture, STUCK_WATCH_TICKS - 1);
	assert_int_equal(fixture->stuck[STUCK_WATCH_WAITING], 0);
	seconds(fixture, 1);
	assert_int_equal(fixture->stuck[STUCK_WATCH_WAITING], 1);
}

static void somebody_waits(void **state)
{
	struct fixture *fixture = *state;

	somebody_calls(fixture);
	seconds(fixture, STUCK_WATCH_TICKS);
	assert_int_equal(fixture->stuck[STUCK_WATCH_WAITING], 0); /* the first look sees what it did before */
	seconds(fixture, 1);
	assert_int_equal(fixture->stuck[STUCK_WATCH_WAITING], 1);
	assert_quiet(fixture);
}

static void front_end_is_gone(void **state)
{
	struct fixture *fixture = *state;

	front_end_goes(fixture);
	seconds(fixture, STUCK_WATCH_TICKS + 1);
	assert_int_equal(fixture->stuck[STUCK_WATCH_HUNG_UP], 1);
	assert_int_equal(fixture->stuck[STUCK_WATCH_WAITING], 0);
}

static void front_end_is_let_go(void **state)
{
	struct fixture *fixture = *state;

	front_end_goes(fixture);
	seconds(fixture, STUCK_WATCH_TICKS);
	stuck_watch_connection(&fixture->watch, -1);
	seconds(fixture, 2 * STUCK_WATCH_TICKS);
	assert_int_equal(fixture->stuck[STUCK_WATCH_HUNG_UP], 0);
	assert_quiet(fixture);
}

/* Another one that is gone begins anew. */
static void one_after_the_other(void **state)
{
	struct fixture *fixture = *state;

	front_end_goes(fixture);
	seconds(fixture, STUCK_WATCH_TICKS);
	stuck_watch_connection(&fixture->watch, fixture->ends[0]);
	seconds(fixture, STUCK_WATCH_TICKS - 1);
	assert_int_equal(fixture->stuck[STUCK_WATCH_HUNG_UP], 0);
	seconds(fixture, 1);
	assert_int_equal(fixture->stuck[STUCK_WATCH_HUNG_UP], 1);
}

static void signs_of_life(void **state)
{
	struct fixture *fixture = *state;

	somebody_calls(fixture);
	front_end_goes(fixture);
	for (unsigned i = 0; i < 6 * STUCK_WATCH_TICKS; i++) {
		seconds(fixture, STUCK_WATCH_TICKS - 1);
		fixture->signs.accepts += i % 3 == 0;
		fixture->signs.progress += i % 3 == 1;
		if (i % 3 == 2)
			stuck_watch_message(&fixture->watch);
		seconds(fixture, 1);
	}
	assert_int_equal(fixture->stuck[STUCK_WATCH_WAITING], 0);
	assert_int_equal(fixture->stuck[STUCK_WATCH_HUNG_UP], 0);
}

static void one_that_starts_has_more_time(void **state)
{
	struct fixture *fixture = *state;

	stuck_watch_prepare(&fixture->watch);
	stuck_watch_begin(&fixture->watch, &fixture->loop, fixture->listener, -1);
	somebody_calls(fixture);
	seconds(fixture, STUCK_WATCH_START_TICKS - 1);
	assert_int_equal(fixture->stuck[STUCK_WATCH_WAITING], 0);
	seconds(fixture, 1);
	assert_int_equal(fixture->stuck[STUCK_WATCH_WAITING], 1);
}

static void nobody_can_come(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(shutdown(fixture->listener, SHUT_RDWR), 0);
	seconds(fixture, 0);
	assert_int_equal(fixture->stuck[STUCK_WATCH_SHUT], 1);
	seconds(fixture, 0);
	assert_int_equal(fixture->stuck[STUCK_WATCH_SHUT], 1);
	/* The front-end that it has is watched all the same. */
	front_end_goes(fixture);
	seconds(fixture, STUCK_WATCH_TICKS + 1);
	assert_int_equal(fixture->stuck[STUCK_WATCH_HUNG_UP], 1);
}

/* A worker may say of anything that it was its connection. */
static void no_connection_at_all(void **state)
{
	struct fixture *fixture = *state;
	int fd = fileno(tmpfile());

	stuck_watch_connection(&fixture->watch, fd);
	assert_quiet(fixture);
	stuck_watch_connection(&fixture->watch, -1);
	close(fd);
}

#define WATCH_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WATCH_TEST(nobody_waits),	 WATCH_TEST(somebody_waits),
		WATCH_TEST(it_began_at_once),	 WATCH_TEST(front_end_is_gone),
		WATCH_TEST(front_end_is_let_go), WATCH_TEST(one_after_the_other),
		WATCH_TEST(signs_of_life),	 WATCH_TEST(one_that_starts_has_more_time),
		WATCH_TEST(nobody_can_come),	 WATCH_TEST(no_connection_at_all),
	};

	return cmocka_run_group_tests_name("stuck_watch", tests, NULL, NULL);
}
