/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A guest with busy-poll: a driver that is told not to kick is served without, whatever happens meanwhile; and one that
 * is at rest is as quiet as any. When a window ends is the machine's business: what must be so in one is waited for over
 * many of them, what must always be so is tried at any instant.
 */
#include "session.h"

#include <pthread.h>
#include <stdatomic.h>

#define TRIES_MAX 2000

static struct ring *requestq(struct session *s)
{
	return &s->vmm.rings[VMM_REQUESTQ];
}

/* A request as Linux makes it. Returns whether the device asked for a kick. */
static bool request(struct session *s)
{
	bool kicked;

	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 3, 0);
	kicked = ring_notify(requestq(s));
	assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(requestq(s))).status, GPIO_OK);
	return kicked;
}

static bool is_polled(struct session *s)
{
	const struct ring *ring = requestq(s);

	return !(ring_is_packed(ring) && s->vmm.features & FEATURE(VIRTIO_F_INDIRECT_DESC)) && !s->vmm.wants_inband;
}

/* Requests until one needed no kick. */
static void poll_begins(struct session *s)
{
	unsigned tries = 0;

	while (request(s)) {
		if (++tries == TRIES_MAX)
			fail_msg("each of %u requests needed a kick", tries);
	}
}

static void requests_need_no_kick(void **state)
{
	struct session *s = *state;
	unsigned kicks = 0;

	if (is_polled(s)) {
		poll_begins(s);
		return;
	}
	for (unsigned i = 0; i < 200; i++)
		kicks += request(s);
	assert_int_equal(kicks, 200);
}

/* No kick that is needed is missing, wherever in a window a request comes. */
static void no_request_is_overlooked(void **state)
{
	struct session *s = *state;
	unsigned kicks = 0, rounds = 3000;

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t until = clock_ns() + i * 7919 % 450000;

		kicks += request(s);
		while (clock_ns() < until)
			;
	}
	print_message("%u requests, %u kicks\n", rounds, kicks);
	assert_true(kicks > 0);
}

/* A buffer of the other ring is held, an edge comes, both without a kick when none is asked for. */
static void events_too(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_BOTH), GPIO_OK);
	for (unsigned i = 0; i < 100; i++) {
		uint16_t head = gpio_event_send(&s->vmm, 2);

		ring_notify(&s->vmm.rings[VMM_EVENTQ]);
		request(s);
		line_drive(s, 2, i % 2 == 0);
		assert_event(s, head, GPIO_EVENT_VALID);
	}
}

static void at_rest_nothing_runs(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);
	uint64_t before;

	for (uint16_t line = 0; line < 8; line++)
		gpio_arm(&s->vmm, line, GPIO_IRQ_BOTH);
	for (unsigned i = 0; i < 100; i++)
		request(s);
	session_rest(s);
	before = proc_status(worker, "voluntary_ctxt_switches") + proc_status(worker, "nonvoluntary_ctxt_switches");
	sleep_ms(500);
	assert_int_equal(proc_status(worker, "voluntary_ctxt_switches") +
				 proc_status(worker, "nonvoluntary_ctxt_switches"),
			 before);
	/* And asks to be woken up. */
	assert_true(request(s));
}

/* Whoever has the ring next may be another program, and wait for a kick. */
static void a_ring_that_stops_asks_for_kicks(void **state)
{
	struct session *s = *state;

	fds_only(s);
	for (unsigned i = 0; i < 50; i++) {
		if (is_polled(s))
			poll_begins(s);
		if (i % 2)
			vmm_ring_enable(&s->vmm, VMM_REQUESTQ, false);
		else
			vmm_stop(&s->vmm);
		gpio_send(&s->vmm, GPIO_GET_DIRECTION, 3, 0);
		assert_true(ring_notify(requestq(s)));
		if (i % 2)
			vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
		else
			vmm_resume(&s->vmm);
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(requestq(s))).status, GPIO_OK);
	}
}

static void a_worker_that_dies_while_it_polls(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 20; i++) {
		if (is_polled(s))
			poll_begins(s);
		session_take_over(s);
		request(s);
		request(s);
	}
}

/* Killed at once: memory says that no kick is wanted, and nobody looks. */
static void a_request_while_nobody_polls(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 20; i++) {
		if (is_polled(s))
			poll_begins(s);
		daemon_kill_worker(&s->daemon, 0);
		request(s);
	}
}

static void a_front_end_that_leaves(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 20; i++) {
		if (is_polled(s))
			poll_begins(s);
		session_reconnect(s);
		request(s);
	}
	assert_true(daemon_workers_same(&s->daemon));
}

static void a_ring_that_breaks(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 20; i++) {
		if (is_polled(s))
			poll_begins(s);
		ring_make_bad(requestq(s));
		ring_kick(requestq(s));
		assert_true(ring_error(requestq(s), WAIT_MS));
		assert_true(message_sync(&s->vmm.connection));
		session_reconnect(s);
	}
	assert_true(daemon_workers_same(&s->daemon));
}

/* A driver that always has a request, and never kicks when it need not. */
struct load {
	struct session *session;
	atomic_bool over;
};

static void *load_run(void *ctx)
{
	struct load *load = ctx;
	struct vmm *vmm = &load->session->vmm;
	struct ring *ring = &vmm->rings[VMM_REQUESTQ];

	while (!atomic_load(&load->over)) {
		gpio_send(vmm, GPIO_GET_DIRECTION, 3, 0);
		ring_notify(ring);
		ring_wait(ring);
	}
	return NULL;
}

/* Connection, chip and control socket have their turn. */
static void everything_else_goes_on(void **state)
{
	struct session *s = *state;
	struct load load = { .session = s };
	pthread_t thread;

	fds_only(s); /* its kicks are messages: of one thread */
	assert_int_equal(pthread_create(&thread, NULL, load_run, &load), 0);
	for (unsigned i = 0; i < 100; i++) {
		line_drive(s, 5, i % 2);
		assert_int_equal(line_level(s, 5), i % 2);
		assert_true(message_sync(&s->vmm.connection));
	}
	atomic_store(&load.over, true);
	pthread_join(thread, NULL);
	/* The daemon is ended in the midst of it, by the teardown. */
	if (is_polled(s))
		poll_begins(s);
}

static int setup(void **state)
{
	return session_started(state, session_setup_guest(state, "busy-poll=200us"));
}

static int setup_long(void **state)
{
	return session_started(state, session_setup_guest(state, "busy-poll=10ms"));
}

static int setup_mortal(void **state)
{
	return session_mortal(state, setup_long(state));
}

#define POLLED(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup, session_teardown)
#define LONG(rows, fn)	 ROW_TEST_FIXTURE(rows, fn, setup_long, session_teardown)
#define MORTAL(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup_mortal, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LONG("R-25", requests_need_no_kick),
		POLLED("R-25 R-29", no_request_is_overlooked),
		POLLED("R-25", events_too),
		LONG("R-25", at_rest_nothing_runs),
		LONG("V-58 V-59", a_ring_that_stops_asks_for_kicks),
		MORTAL("S-01", a_worker_that_dies_while_it_polls),
		MORTAL("S-01", a_request_while_nobody_polls),
		LONG("V-59", a_front_end_that_leaves),
		LONG("V-71", a_ring_that_breaks),
		LONG("R-29", everything_else_goes_on),
	};

	return session_run("busy_poll", tests, sizeof(tests) / sizeof(tests[0]));
}
