/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Many lines that fire at once: the driver gets all of their buffers with one call. */
#include "session.h"

#include <signal.h>
#include <stdlib.h>

#define LINES	    64
#define DEBOUNCE_MS 200
#define TRIES	    10

static struct ring *eventq(struct session *s)
{
	return &s->vmm.rings[VMM_EVENTQ];
}

static void assert_all_with_one_call(struct session *s, uint64_t calls)
{
	struct ring_used used;

	ring_wait_calls(eventq(s), calls + 1);
	for (unsigned i = 0; i < LINES; i++)
		assert_true(ring_reap(eventq(s), &used));
	session_settle(s);
	assert_int_equal(ring_calls(eventq(s)), calls + 1);
	assert_false(ring_reap(eventq(s), &used));
}

/* Levels that are there when the buffers come. */
static void levels_with_one_kick(void **state)
{
	struct session *s = *state;
	uint64_t calls;

	for (uint16_t line = 0; line < LINES; line++)
		assert_int_equal(gpio_set_irq_type(&s->vmm, line, GPIO_IRQ_LOW), GPIO_OK);
	session_settle(s);
	calls = ring_calls(eventq(s));
	for (uint16_t line = 0; line < LINES; line++)
		gpio_event_send(&s->vmm, line);
	ring_kick(eventq(s));
	assert_all_with_one_call(s, calls);
}

/* All lines rise while the worker stands still; false: it did not stand soon enough. */
static bool all_rise(struct session *s)
{
	const uint64_t end_ms = clock_ms() + DEBOUNCE_MS / 2;
	pid_t worker = session_worker(s);

	for (unsigned line = 0; line < LINES; line++)
		line_drive(s, line, 1);
	kill(worker, SIGSTOP);
	if (clock_ms() >= end_ms) {
		kill(worker, SIGCONT);
		return false;
	}
	/* The timer of the last one rings in the same turn as that of the first. */
	sleep_ms(2 * DEBOUNCE_MS);
	kill(worker, SIGCONT);
	return true;
}

static void all_fall(struct session *s)
{
	for (unsigned line = 0; line < LINES; line++)
		line_drive(s, line, 0);
	sleep_ms(2 * DEBOUNCE_MS);
	session_settle(s);
}

static void edges_in_one_turn(void **state)
{
	struct session *s = *state;
	uint64_t calls;

	simulated_only("it needs edges at one instant");
	fds_only(s);
	for (unsigned tries = 0; tries < TRIES; tries++) {
		for (uint16_t line = 0; line < LINES; line++)
			gpio_arm(&s->vmm, line, GPIO_IRQ_RISING);
		session_settle(s);
		calls = ring_calls(eventq(s));
		if (all_rise(s)) {
			assert_all_with_one_call(s, calls);
			return;
		}
		for (unsigned line = 0; line < LINES; line++)
			gpio_event_wait(&s->vmm);
		all_fall(s);
	}
	skip_because("the machine is too slow to set %d lines in %d ms", LINES, DEBOUNCE_MS / 2);
}

/* Each publication of theirs that the driver wants to know of is a call. */
static int started_plain(void **state, int outcome)
{
	if (outcome == 0)
		vmm_start_with(&((struct session *)*state)->vmm, session_socket(*state), VMM_FEATURES_PLAIN);
	return outcome;
}

static int setup(void **state)
{
	return started_plain(state, session_setup_with(state, "s64", 0));
}

static int setup_debounced(void **state)
{
	static const char *const guests[] = { "sim=64,lines=@sim{0-63,debounce=200ms}", NULL };
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return -1;
	*state = session;
	daemon_start_guests(&session->daemon, guests, NULL);
	outside_open(&session->outside, session->daemon.control);
	vmm_init(&session->vmm, 0);
	return started_plain(state, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("R-23 G-60", levels_with_one_kick, setup, session_teardown),
		ROW_TEST_FIXTURE("R-23 G-60", edges_in_one_turn, setup_debounced, session_teardown),
	};

	return session_run("together", tests, sizeof(tests) / sizeof(tests[0]));
}
