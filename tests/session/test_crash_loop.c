/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Workers that die again and again, or cannot start: the pauses take seconds, so this is not run for each kind of driver. */
#include "reconnect.h"

#include <signal.h>
#include <sys/resource.h>

static int setup_killed(void **state)
{
	return session_mortal(state, session_setup_started(state));
}

/* A successor that cannot have the memory that it takes loses nothing of what there is: it is tried again. */
static void lack_of_memory_passes(void **state)
{
	struct session *s = *state;
	struct rlimit limit, less;
	pid_t worker = session_worker(s);

	if (proc_has_address_sanitizer(worker))
		skip_because("an address sanitizer takes all the memory that there is");
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	assert_return_code(prlimit(s->daemon.pid, RLIMIT_AS, NULL, &limit), 0);
	/* Its own, and not its guest's. */
	less = (struct rlimit){ (proc_status(s->daemon.pid, "VmSize") + 6144) * 1024, limit.rlim_max };
	assert_return_code(prlimit(s->daemon.pid, RLIMIT_AS, &less, NULL), 0);
	kill(worker, SIGKILL);
	daemon_wait_logged(&s->daemon, "the worker cannot start: Cannot allocate memory", 11);
	assert_return_code(prlimit(s->daemon.pid, RLIMIT_AS, &limit, NULL), 0);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_IN);
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
	assert_int_equal(daemon_logged(&s->daemon, "again and again"), 0);
}

static void next_crash(struct session *s)
{
	kill(daemon_wait_worker(&s->daemon, 0, 0), SIGABRT);
	daemon_wait_worker(&s->daemon, 0, s->daemon.workers[0]);
}

/* Nothing gets on in between: the pauses grow, and nothing is lost, until it is a loop. */
static void crash_loop_ends_the_connection(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_direction(&s->vmm, 3, GPIO_IN), GPIO_OK);
	for (unsigned i = 0; i < 7; i++)
		next_crash(s);
	assert_serving(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 3), GPIO_IN);
	while (daemon_logged(&s->daemon, "its rings are broken") == 0)
		next_crash(s);
	/* The connection is kept, and so is what the guest made of its lines. */
	daemon_wait_logged(&s->daemon, "ring broken: the worker died again and again", VMM_RINGS);
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
	vmm_stop(&s->vmm);
	vmm_resume(&s->vmm);
	assert_int_equal(gpio_get_direction(&s->vmm, 3), GPIO_IN);
	daemon_crash_loop(&s->daemon, 0);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	/* After a pause it serves again, from nothing. */
	session_reconnect(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
	s->daemon.workers[0] = daemon_worker(&s->daemon, 0);
}

/* A session that was dropped after a crash loop is gone, and with it what it had noted of the one before. */
static void crash_loop_in_between(void **state)
{
	struct session *s = *state;
	uint16_t head;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	assert_int_equal(gpio_set_direction(&s->vmm, 5, GPIO_OUT), GPIO_OK);
	cut(s);
	daemon_crash_loop(&s->daemon, 0);
	come_again(s);
	vmm_restart(&s->vmm);
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_NONE);
	line_pulse(s, 0);
	assert_no_event(s);
	head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
}

#define KILLED(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup_killed, session_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KILLED("S-10 S-11", lack_of_memory_passes),
		KILLED("S-11", crash_loop_ends_the_connection),
		KILLED("S-08 S-11", crash_loop_in_between),
	};

	return session_run("crash loop", tests, sizeof(tests) / sizeof(tests[0]));
}
