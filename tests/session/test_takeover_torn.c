/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Workers that die in the middle: of a message, of a chain, of an edge. Each test names the instants; the program is
 * vhost-device-gpio-faulty.
 */
#include "faults.h"

#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define FOR_EACH(point, points)                                                                                        \
	for (size_t i_ = 0; i_ < sizeof(points) / sizeof(points[0]) && ((point) = points[i_], 1); i_++)

static const enum fault_point message_points[] = {
	FAULT_MESSAGE_FDS_STORED, FAULT_MESSAGE_TAKEN,	  FAULT_MESSAGE_HEADER,
	FAULT_MESSAGE_RECEIVED,	  FAULT_MESSAGE_EXECUTED, FAULT_REPLY_READY,
	FAULT_REPLY_SENT,	  FAULT_MESSAGE_ANSWERED, FAULT_MESSAGE_OVER,
};

/* Not every message passes every point: one without payload has no instant between header and payload. */
static void expect_one_reply(struct session *s, enum fault_point point)
{
	struct connection *c = &s->vmm.connection;

	/* The reply is there before the last points are passed. One that came twice would be there when all is quiet. */
	session_settle(s);
	assert_true(connection_silent(c, 0));
	faults_disarm();
	assert_true(faults_died() <= 1);
	if (faults_died() == 0)
		print_message("point %d was not passed\n", point);
	assert_serving(s);
}

static void message_is_answered_once(void **state)
{
	struct session *s = *state;
	enum fault_point point;

	FOR_EACH(point, message_points)
	{
		faults_arm(point, 0, 1);
		assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
		expect_one_reply(s, point);
	}
}

static void message_with_payload_is_acknowledged_once(void **state)
{
	struct session *s = *state;
	enum fault_point point;

	FOR_EACH(point, message_points)
	{
		faults_arm(point, 0, 1);
		assert_ok(message_send_state(&s->vmm.connection, VU_SET_VRING_ENABLE, 0, 1));
		expect_one_reply(s, point);
	}
}

/* The second part of what is taken is the payload. */
static void payload_that_nobody_noted(void **state)
{
	struct session *s = *state;

	faults_arm(FAULT_MESSAGE_TAKEN, 1, 1);
	assert_ok(message_send_state(&s->vmm.connection, VU_SET_VRING_ENABLE, 0, 1));
	assert_deaths(1);
	assert_serving(s);
}

static void message_with_an_fd_keeps_it(void **state)
{
	struct session *s = *state;
	enum fault_point point;

	FOR_EACH(point, message_points)
	{
		struct ring *ring = &s->vmm.rings[0];
		uint64_t calls = ring_calls(ring);

		fds_only(s);
		faults_arm(point, 0, 1);
		assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_CALL, 0, ring->call_fd));
		expect_one_reply(s, point);
		ring_wait_calls(ring, calls + 1);
	}
}

static void memory_messages_may_be_executed_again(void **state)
{
	struct session *s = *state;
	const struct vu_region region = { 1ull << 40, 4096, 1ull << 40, 0 };
	enum fault_point point;
	int fd = s->vmm.memory.regions[0].fd;

	FOR_EACH(point, message_points)
	{
		faults_arm(point, 0, 1);
		assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &region, &fd, 1));
		expect_one_reply(s, point);
		faults_arm(point, 0, 1);
		assert_ok(message_mem_reg(&s->vmm.connection, VU_REM_MEM_REG, &region, NULL, 0));
		expect_one_reply(s, point);
		faults_arm(point, 0, 1);
		vmm_send_memory(&s->vmm);
		expect_one_reply(s, point);
	}
}

/* All that QEMU does around a pause, with a death in each message. */
static void pause_with_a_death_in_each_message(void **state)
{
	struct session *s = *state;
	enum fault_point point;

	FOR_EACH(point, message_points)
	{
		uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

		for (unsigned skip = 0; skip < 12; skip++) {
			faults_arm(point, skip, 1);
			vmm_stop(&s->vmm);
			vmm_resume(&s->vmm);
			faults_disarm();
		}
		line_pulse(s, 0);
		assert_event(s, head, GPIO_EVENT_VALID);
		assert_serving(s);
	}
}

static void reply_with_an_fd(void **state)
{
	struct session *s = *state;
	enum fault_point point;

	FOR_EACH(point, message_points)
	{
		struct vu_inflight wire = { .num_queues = 2, .queue_size = 16 };
		int fd;

		faults_arm(point, 0, 1);
		fd = message_get_inflight(&s->vmm.connection, &wire, sizeof(wire));
		assert_true(fd >= 0);
		close(fd);
		expect_one_reply(s, point);
	}
}

/* The first byte brings the fd, the rest comes after a death. */
static void torn_message_with_an_fd(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	const struct {
		struct vu_header header;
		uint32_t payload[2]; /* a u64: no padding before it */
	} message = { { VU_SET_VRING_CALL, VU_VERSION | VU_NEED_REPLY, 8 }, { 0 } };
	static const size_t cuts[] = { 1, 11, 12, 17 };

	fds_only(s);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct ring *ring = &s->vmm.rings[0];
		uint64_t calls = ring_calls(ring);

		assert_true(connection_send_bytes(c, &message, cuts[i], &ring->call_fd, 1));
		session_take_over(s);
		assert_true(
			connection_send_bytes(c, (const char *)&message + cuts[i], sizeof(message) - cuts[i], NULL, 0));
		assert_ok(connection_receive_ack(c, VU_SET_VRING_CALL));
		assert_serving(s);
		ring_wait_calls(ring, calls + 1);
	}
}

/* What comes next in the socket has nothing to do with it: also not its fds. */
static void messages_in_a_row(void **state)
{
	static const uint32_t payload[2] = { 0, 1 };
	static const uint64_t ring = 0;
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	enum fault_point point;

	fds_only(s);
	FOR_EACH(point, message_points)
	{
		for (unsigned skip = 0; skip < 4; skip++) {
			pid_t worker = daemon_worker(&s->daemon, 0);
			uint64_t calls = ring_calls(&s->vmm.rings[0]);

			/* All of them are there when the worker looks. */
			assert_int_equal(kill(worker, SIGSTOP), 0);
			faults_arm(point, skip, 1);
			for (unsigned i = 0; i < 2; i++) {
				assert_true(
					connection_send(c, VU_SET_VRING_ENABLE, VU_NEED_REPLY, payload, 8, NULL, 0));
				assert_true(connection_send(c, VU_SET_VRING_CALL, VU_NEED_REPLY, &ring, 8,
							    &s->vmm.rings[0].call_fd, 1));
			}
			assert_int_equal(kill(worker, SIGCONT), 0);
			for (unsigned i = 0; i < 2; i++) {
				assert_ok(connection_receive_ack(c, VU_SET_VRING_ENABLE));
				assert_ok(connection_receive_ack(c, VU_SET_VRING_CALL));
			}
			expect_one_reply(s, point);
			if (faults_died() > 0)
				ring_wait_calls(&s->vmm.rings[0], calls + 1);
		}
	}
}

static const enum fault_point chain_points[] = { FAULT_CHAIN_POPPED, FAULT_CHIP_DONE, FAULT_CHAIN_PUT,
						 FAULT_PUBLISHED };

static void request_is_answered_once(void **state)
{
	struct session *s = *state;
	enum fault_point point;

	FOR_EACH(point, chain_points)
	{
		for (unsigned value = 0; value < 2; value++) {
			faults_arm(point, 0, 1);
			assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
			assert_int_equal(gpio_set_value(&s->vmm, 1, value), GPIO_OK);
			assert_int_equal(line_level(s, 1), value);
			assert_false(ring_has_used(&s->vmm.rings[0]));
			assert_deaths(1);
			faults_disarm();
		}
	}
}

/* Whoever has taken a worker over and reaches for more loses it; the guest goes on with the next one. */
static void forbidden_call_ends_the_worker(void **state)
{
	struct session *s = *state;

	if (daemon_logged(&s->daemon, "capabilities, system calls") == 0)
		skip_because("no list of system calls here");
	faults_set_by_call(true);
	faults_arm(FAULT_CHAIN_POPPED, 0, 1);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_deaths(1);
	faults_disarm();
	faults_set_by_call(false);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	assert_int_equal(line_level(s, 1), 1);
	assert_int_equal(daemon_logged(&s->daemon, "a system call that the sandbox forbids"), 1);
}

/* An output that was set goes on, and never back, whenever the worker dies. */
static void outputs_do_not_go_back(void **state)
{
	struct session *s = *state;
	struct outside watch;
	unsigned edges;

	simulated_only("the monitor counts what the simulation tells");
	assert_int_equal(gpio_set_direction(&s->vmm, 3, GPIO_OUT), GPIO_OK);
	outside_open(&watch, s->daemon.control);
	outside_monitor(&watch, "guest0.3");
	for (unsigned i = 0; i < 6; i++) {
		faults_arm(FAULT_CHIP_DONE, 0, 1);
		assert_int_equal(gpio_set_value(&s->vmm, 3, (i + 1) % 2), GPIO_OK);
		assert_deaths(1);
		edges = session_edges(s, &watch);
		print_message("edges seen: %u\n", edges);
		assert_true(edges <= 1);
	}
	outside_close(&watch);
}

static const enum fault_point edge_points[] = { FAULT_EDGES_READ, FAULT_EDGE_FIRED, FAULT_CHAIN_PUT, FAULT_PUBLISHED };

/* The buffer was held: the edge fires it. */
static void edge_of_a_dying_worker_fires_once(void **state)
{
	struct session *s = *state;
	enum fault_point point;

	FOR_EACH(point, edge_points)
	{
		uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

		faults_arm(point, 0, 1);
		outside_set_async(&s->outside, "guest0.0", 1);
		assert_event(s, head, GPIO_EVENT_VALID);
		assert_deaths(1);
		faults_disarm();
		outside_close(&s->outside);
		outside_open(&s->outside, s->daemon.control);
		line_drive(s, 0, 0);
		gpio_unmask(&s->vmm, 0);
		assert_no_event(s);
		line_drive(s, 0, 1);
		assert_int_equal(gpio_event_wait(&s->vmm).status, GPIO_EVENT_VALID);
		line_drive(s, 0, 0);
	}
}

/* The edge was latched before: it fires when the buffer comes, also when the worker dies over it. */
static void latch_of_a_dying_worker_fires_once(void **state)
{
	struct session *s = *state;
	enum fault_point point;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	for (size_t i = 1; i < sizeof(edge_points) / sizeof(edge_points[0]); i++) {
		uint16_t head;

		point = edge_points[i];
		line_pulse(s, 0);
		faults_arm(point, 0, 1);
		head = gpio_event_send(&s->vmm, 0);
		ring_notify(&s->vmm.rings[VMM_EVENTQ]);
		assert_event(s, head, GPIO_EVENT_VALID);
		assert_deaths(1);
		faults_disarm();
		head = gpio_unmask(&s->vmm, 0);
		assert_no_event(s);
		line_pulse(s, 0);
		assert_event(s, head, GPIO_EVENT_VALID);
	}
}

/* The buffer goes back before the request that ends the interrupt is answered. */
static void disabled_interrupt_gives_its_buffer_back(void **state)
{
	struct session *s = *state;
	enum fault_point point;

	FOR_EACH(point, chain_points)
	{
		uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

		faults_arm(point, 0, 1);
		assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
		assert_event(s, head, GPIO_EVENT_INVALID);
		faults_disarm();
	}
}

static void poisonous_message_ends_its_connection(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	int fd = eventfd(0, EFD_CLOEXEC);

	faults_set_patient(false);
	faults_arm(FAULT_POISON_MESSAGE, 0, 100);
	assert_true(connection_send(c, VU_SET_LOG_FD, VU_NEED_REPLY, NULL, 0, &fd, 1));
	assert_true(connection_ends(c, WAIT_MS));
	assert_deaths(3);
	close(fd);
	session_reconnect(s);
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon, "SET_LOG_FD: crashed the worker 3 times in a row"), 1);
}

static void poisonous_chain_breaks_its_ring(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	faults_set_patient(false);
	faults_arm(FAULT_POISON_CHAIN, 0, 100);
	gpio_send(&s->vmm, 0x666, 0, 0);
	ring_notify(&s->vmm.rings[0]);
	assert_deaths(3);
	/* The other ring works on. */
	line_drive(s, 0, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_deaths(3);
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
	assert_int_equal(daemon_logged(&s->daemon, "ring broken"), 1);
	assert_true(daemon_logged(&s->daemon, "session dropped") == 0);
	session_reconnect(s);
	faults_disarm();
	assert_serving(s);
}

/* A message or a chain that is at hand whenever somebody kills the worker is not the reason. */
static void killed_again_and_again_over_the_same(void **state)
{
	const unsigned kills = 8;
	struct session *s = *state;

	faults_set_patient(false);
	faults_arm(FAULT_MESSAGE_RECEIVED, 0, kills);
	assert_ok(message_send_state(&s->vmm.connection, VU_SET_VRING_ENABLE, 0, 1));
	assert_deaths(kills);
	faults_arm(FAULT_CHAIN_POPPED, 0, kills);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_deaths(kills);
	faults_disarm();
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon, "crashed the worker"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "again and again"), 0);
}

#define TORN(rows, fn) ROW_TEST_FIXTURE(rows, fn, faults_setup, faults_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TORN("S-10", message_is_answered_once),
		TORN("S-10", message_with_payload_is_acknowledged_once),
		TORN("S-10", payload_that_nobody_noted),
		TORN("S-10", message_with_an_fd_keeps_it),
		TORN("S-10", memory_messages_may_be_executed_again),
		TORN("S-10", pause_with_a_death_in_each_message),
		TORN("S-10", reply_with_an_fd),
		TORN("S-10 V-04", torn_message_with_an_fd),
		TORN("S-10", messages_in_a_row),
		TORN("S-01 S-03", request_is_answered_once),
		cmocka_unit_test_setup_teardown(forbidden_call_ends_the_worker, faults_setup, faults_teardown),
		TORN("S-07", outputs_do_not_go_back),
		TORN("S-02 S-05", edge_of_a_dying_worker_fires_once),
		TORN("S-02 S-05", latch_of_a_dying_worker_fires_once),
		TORN("S-02", disabled_interrupt_gives_its_buffer_back),
		TORN("S-01 S-10 S-11", killed_again_and_again_over_the_same),
		TORN("S-11", poisonous_message_ends_its_connection),
		TORN("S-11", poisonous_chain_breaks_its_ring),
	};

	return session_run("takeover_torn", tests, sizeof(tests) / sizeof(tests[0]));
}
