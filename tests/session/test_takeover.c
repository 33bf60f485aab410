/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker that is killed has a successor, and neither front-end nor driver notices: the connection stays, requests
 * are answered once, armed interrupts fire.
 */
#include "session.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define KILLS_MAX 4

static int setup_killed(void **state)
{
	return session_mortal(state, session_setup_started(state));
}

static void connection_stays(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < KILLS_MAX; i++) {
		assert_serving(s);
		session_take_over(s);
		assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
		assert_serving(s);
		assert_true(connection_silent(&s->vmm.connection, 5));
	}
	/* Negotiated features, too. */
	assert_refused(message_send_state(&s->vmm.connection, VU_SET_VRING_NUM, 0, 0));
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_QUEUE_NUM), 2);
}

/* The dead worker may have published a buffer and died before it called: the successor calls, whatever it finds. */
static void lost_call_is_made_up_for(void **state)
{
	struct session *s = *state;
	uint64_t calls[VMM_RINGS];

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_drive(s, 0, 1);
	assert_int_equal(gpio_event_wait(&s->vmm).status, GPIO_EVENT_VALID);
	session_settle(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		calls[i] = ring_calls(&s->vmm.rings[i]);
	session_take_over(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_wait_calls(&s->vmm.rings[i], calls[i] + 1);
}

static void takeover_is_quick(void **state)
{
	struct session *s = *state;
	uint64_t quickest = UINT64_MAX;

	/* The others may have waited for a processor. */
	for (unsigned i = 0; i < KILLS_MAX; i++) {
		uint64_t start;

		daemon_kill_worker(&s->daemon, 0);
		start = clock_ns();
		assert_serving(s);
		if (clock_ns() - start < quickest)
			quickest = clock_ns() - start;
	}
	assert_true(quickest < 500 * 1000000ull);
}

/* As many requests as there may be; they are answered, whatever happens to the worker meanwhile. */
static void requests_send(struct session *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, (uint16_t)(i % 8), i % 3);
	ring_notify(&s->vmm.rings[0]);
}

static void assert_answered_once(struct session *s, unsigned n)
{
	struct ring *ring = &s->vmm.rings[0];
	bool seen[VMM_RING_SIZE] = { false };

	for (unsigned i = 0; i < n; i++) {
		struct ring_used used = ring_wait(ring);

		assert_in_range(used.id, 0, VMM_RING_SIZE - 1);
		assert_false(seen[used.id]);
		seen[used.id] = true;
		assert_int_equal(gpio_answer_of(&s->vmm, used).status, GPIO_OK);
		assert_int_equal(used.len, 2);
	}
	assert_false(ring_has_used(ring));
}

static void requests_under_load_are_answered_once(void **state)
{
	struct session *s = *state;
	unsigned random = 12345;

	s->vmm.layout = RING_INDIRECT;
	for (unsigned i = 0; i < 32; i++) {
		unsigned n = session_buffers(s, VMM_RING_SIZE);
		pid_t worker = daemon_wait_worker(&s->daemon, 0, 0);

		requests_send(s, n);
		random = random * 1103515245 + 12345;
		usleep(random / 65536 % 300);
		/* Now, whatever it is doing. */
		assert_int_equal(kill(worker, SIGKILL), 0);
		assert_answered_once(s, n);
	}
}

/* However often: the count of deaths says nothing about a worker that somebody kills, or that gets on in between. */
static void thirty_kills_at_100_ms(void **state)
{
	static const int signals[] = { SIGKILL, SIGABRT };
	struct session *s = *state;
	pid_t worker = 0;

	s->vmm.layout = RING_INDIRECT;
	for (unsigned i = 0; i < 30; i++) {
		uint64_t start = clock_ms();
		bool is_due;

		worker = daemon_wait_worker(&s->daemon, 0, worker);
		do {
			unsigned n = session_buffers(s, VMM_RING_SIZE);

			is_due = clock_ms() - start >= 100;
			requests_send(s, n);
			if (is_due)
				kill(worker, signals[i % 2]);
			assert_answered_once(s, n);
		} while (!is_due);
	}
	assert_int_equal(daemon_logged(&s->daemon, "again and again"), 0);
}

static void held_buffers_stay_held(void **state)
{
	struct session *s = *state;
	uint16_t heads[3];

	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	line_drive(s, 1, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	session_take_over(s);
	assert_no_event(s);
	line_drive(s, 2, 1);
	assert_event(s, heads[2], GPIO_EVENT_VALID);
	session_take_over(s);
	line_drive(s, 0, 1);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	assert_no_event(s);
	assert_int_equal(vmm_ring_stop(&s->vmm, VMM_EVENTQ), ring_base(&s->vmm.rings[VMM_EVENTQ]));
}

static int setup_64_killed(void **state)
{
	return session_mortal(state, session_setup_with(state, "s64", 64));
}

static void every_armed_line_fires(void **state)
{
	struct session *s = *state;
	uint16_t heads[64];
	unsigned n;

	vmm_start(&s->vmm, session_socket(s));
	n = session_buffers(s, 64);
	s->vmm.layout = RING_INDIRECT;
	for (uint16_t i = 0; i < n; i++)
		heads[i] = gpio_arm(&s->vmm, i, i % 2 ? GPIO_IRQ_RISING : GPIO_IRQ_HIGH);
	session_take_over(s);
	assert_no_event(s);
	for (unsigned i = 0; i < n; i++) {
		line_drive(s, i, 1);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
		line_drive(s, i, 0);
		heads[i] = gpio_unmask(&s->vmm, (uint16_t)i);
	}
	assert_no_event(s);
}

static void latched_edge_is_delivered(void **state)
{
	struct session *s = *state;
	uint16_t head;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 0);
	session_take_over(s);
	head = gpio_unmask(&s->vmm, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void level_is_evaluated_anew(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_HIGH);

	daemon_kill_worker(&s->daemon, 0);
	/* Reaches the successor, perhaps before it serves. */
	line_drive(s, 0, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void lines_stay_as_they_are(void **state)
{
	struct session *s = *state;
	struct outside watch;

	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_IN), GPIO_OK);
	line_drive(s, 2, 1);
	outside_open(&watch, s->daemon.control);
	outside_monitor(&watch, "guest0.0");
	session_take_over(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_OUT);
	assert_int_equal(gpio_get_value(&s->vmm, 0), 1);
	assert_int_equal(line_level(s, 0), 1);
	assert_int_equal(gpio_get_direction(&s->vmm, 2), GPIO_IN);
	assert_int_equal(gpio_get_value(&s->vmm, 2), 1);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 1), 1);
	assert_int_equal(session_edges(s, &watch), 0);
	outside_close(&watch);
}

static void paused_device_is_resumed_by_the_successor(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	vmm_stop(&s->vmm);
	session_take_over(s);
	line_pulse(s, 0);
	assert_true(ring_silent(&s->vmm.rings[VMM_EVENTQ], SILENT_MS));
	vmm_resume(&s->vmm);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_serving(s);
}

/* The reset waits in the socket: what the dead worker left of lines and buffers does not outlive it. */
static void guest_is_reset_while_it_is_down(void **state)
{
	struct session *s = *state;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	assert_int_equal(kill(session_worker(s), SIGSTOP), 0);
	assert_true(connection_send(&s->vmm.connection, VU_RESET_DEVICE, VU_NEED_REPLY, NULL, 0, NULL, 0));
	daemon_kill_worker(&s->daemon, 0);
	assert_ok(connection_receive_ack(&s->vmm.connection, VU_RESET_DEVICE));
	vmm_restart(&s->vmm);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
	gpio_unmask(&s->vmm, 0);
	line_pulse(s, 0);
	assert_no_event(s);
}

static void another_machine_comes_while_it_is_down(void **state)
{
	struct session *s = *state;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	line_pulse(s, 0);
	assert_int_equal(kill(session_worker(s), SIGSTOP), 0);
	vmm_deinit(&s->vmm);
	daemon_kill_worker(&s->daemon, 0);
	vmm_init(&s->vmm, 0);
	vmm_start(&s->vmm, session_socket(s));
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
	gpio_unmask(&s->vmm, 0);
	line_pulse(s, 0);
	assert_no_event(s);
}

static void message_in_two_halves(void **state)
{
	const struct {
		struct vu_header header;
		struct vu_state payload;
	} message = { { VU_SET_VRING_ENABLE, VU_VERSION | VU_NEED_REPLY, 8 }, { 0, 1 } };
	static const size_t cuts[KILLS_MAX] = { 1, 11, 12, 17 };
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	for (unsigned i = 0; i < KILLS_MAX; i++) {
		assert_true(connection_send_bytes(c, &message, cuts[i], NULL, 0));
		session_take_over(s);
		assert_true(
			connection_send_bytes(c, (const char *)&message + cuts[i], sizeof(message) - cuts[i], NULL, 0));
		assert_ok(connection_receive_ack(c, VU_SET_VRING_ENABLE));
	}
	assert_serving(s);
}

static int setup_two_killed(void **state)
{
	return session_mortal(state, session_setup_with(state, "s8:s8", 0));
}

static void other_guests_notice_nothing(void **state)
{
	struct session *s = *state;
	struct vmm other;
	pid_t worker = s->daemon.workers[1];

	vmm_start(&s->vmm, session_socket(s));
	vmm_init(&other, 0);
	vmm_start(&other, s->daemon.sockets[1]);
	assert_int_equal(gpio_set_direction(&other, 1, GPIO_IN), GPIO_OK);
	session_take_over(s);
	assert_int_equal(gpio_get_direction(&other, 1), GPIO_IN);
	assert_int_equal(daemon_worker(&s->daemon, 1), worker);
	assert_serving(s);
	vmm_deinit(&other);
}

static void takeovers_leak_nothing(void **state)
{
	struct session *s = *state;
	unsigned fds, kept, maps;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	session_take_over(s);
	assert_serving(s);
	fds = proc_fds(session_worker(s));
	maps = proc_maps(session_worker(s), "memfd:guest");
	kept = proc_fds(s->daemon.pid);
	for (unsigned i = 1; i < KILLS_MAX; i++) {
		session_take_over(s);
		assert_serving(s);
		assert_fds(session_worker(s), fds);
		assert_int_equal(proc_maps(session_worker(s), "memfd:guest"), maps);
		assert_int_equal(proc_fds_inherited(session_worker(s)), 0);
		assert_fds(s->daemon.pid, kept);
	}
}

#define KILLED(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup_killed, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KILLED("S-10 X-47", connection_stays),
		KILLED("S-03 V-69", lost_call_is_made_up_for),
		KILLED("S-09", takeover_is_quick),
		KILLED("S-01 S-03", requests_under_load_are_answered_once),
		KILLED("S-01 S-11", thirty_kills_at_100_ms),
		KILLED("S-02 S-04", held_buffers_stay_held),
		ROW_TEST_FIXTURE("S-04", every_armed_line_fires, setup_64_killed, session_teardown),
		KILLED("S-05", latched_edge_is_delivered),
		KILLED("S-06", level_is_evaluated_anew),
		KILLED("S-07 G-95", lines_stay_as_they_are),
		KILLED("S-08", paused_device_is_resumed_by_the_successor),
		KILLED("S-08", guest_is_reset_while_it_is_down),
		KILLED("S-08", another_machine_comes_while_it_is_down),
		KILLED("S-10 V-04", message_in_two_halves),
		ROW_TEST_FIXTURE("B-15 S-10", other_guests_notice_nothing, setup_two_killed, session_teardown),
		KILLED("V-12 S-10", takeovers_leak_nothing),
	};

	return session_run("takeover", tests, sizeof(tests) / sizeof(tests[0]));
}
