/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Workers that do nothing any more while somebody waits for them: each is replaced, and the next front-end is served. One
 * that was stopped stands for one that goes round in circles.
 */
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "slow_file.h"

static struct slow_file slow = { .fd = -1 };

static int setup(void **state)
{
	return session_mortal(state, session_setup(state));
}

static int setup_started(void **state)
{
	return session_mortal(state, session_setup_started(state));
}

static int teardown(void **state)
{
	slow_file_close(&slow);
	return session_teardown(state);
}

static void assert_replaced(struct session *s, pid_t worker, const char *why)
{
	assert_int_not_equal(daemon_wait_worker(&s->daemon, 0, worker), worker);
	assert_int_equal(daemon_logged(&s->daemon, why), 1);
	assert_int_equal(daemon_logged(&s->daemon, "error: guest0"), 1);
}

static void front_end_that_is_not_accepted(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);

	assert_int_equal(kill(worker, SIGSTOP), 0);
	vmm_start(&s->vmm, session_socket(s));
	assert_serving(s);
	assert_replaced(s, worker, "a front-end has waited to be accepted");
	/* And the same once more, with a front-end that is served: it notices nothing. */
	worker = session_worker(s);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	assert_int_equal(kill(worker, SIGSTOP), 0);
	{
		struct connection second;

		connection_open(&second, session_socket(s));
		assert_true(connection_ends(&second, WAIT_MS));
		connection_close(&second);
	}
	daemon_wait_worker(&s->daemon, 0, worker);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_IN);
}

static void front_end_that_is_not_let_go(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);

	assert_int_equal(gpio_set_value(&s->vmm, 3, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 3, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 3), 1);
	assert_int_equal(kill(worker, SIGSTOP), 0);
	vmm_disconnect(&s->vmm);
	assert_replaced(s, worker, "its front-end is gone");
	/* Nobody had to come for that. */
	assert_int_equal(line_level(s, 3), 0);
	session_reconnect(s);
	assert_serving(s);
}

/* It waits for a file of its guest's, and SIGKILL does not end that. */
static void worker_that_can_not_be_killed(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);

	if (!slow_file_open(&slow))
		skip_because("no file system of the test's own: no FUSE");
	session_prepare(s, VMM_FEATURES);
	slow.orders->hold[FUSE_FLUSH] = true;
	connection_send(&s->vmm.connection, VU_GET_FEATURES, 0, NULL, 0, &slow.fd, 1);
	assert_true(slow_file_wait_held(&slow, FUSE_FLUSH));
	session_reconnect(s);
	assert_serving(s);
	assert_int_equal(proc_state(worker), 'D');
	/* A stop does not wait for it either. */
	kill(s->daemon.pid, SIGTERM);
	assert_int_equal(daemon_wait(&s->daemon), 0);
}

static bool has_no_timer(void *ctx)
{
	const struct session *s = ctx;
	char path[64], target[64];

	for (unsigned fd = 0; fd < 256; fd++) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%d/fd/%u", (int)s->daemon.pid, fd);
		len = readlink(path, target, sizeof(target));
		if (len > 0 && memmem(target, (size_t)len, "timerfd", 7))
			return false;
	}
	return true;
}

/* Nothing runs while nobody waits, whatever there was before; what the guest does is not seen. */
static void nobody_waits(void **state)
{
	struct session *s = *state;
	uint64_t switches;

	for (unsigned i = 0; i < 3; i++)
		session_reconnect(s);
	assert_serving(s);
	session_settle(s);
	assert_true(wait_for(has_no_timer, s, WAIT_MS));
	session_settle(s);
	switches = proc_status(s->daemon.pid, "voluntary_ctxt_switches");
	for (unsigned i = 0; i < 100; i++)
		assert_serving(s);
	assert_int_equal(proc_status(s->daemon.pid, "voluntary_ctxt_switches"), switches);
	assert_true(daemon_workers_same(&s->daemon));
}

#define STUCK(rows, fn, setup) ROW_TEST_FIXTURE(rows, fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STUCK("B-14 S-10", front_end_that_is_not_accepted, setup),
		STUCK("B-14 G-93", front_end_that_is_not_let_go, setup_started),
		STUCK("B-14", worker_that_can_not_be_killed, setup),
		STUCK("B-14", nobody_waits, setup),
	};

	return session_run("stuck", tests, sizeof(tests) / sizeof(tests[0]));
}
