/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Stopping and starting again: pause, rebind, disabled rings. What is silent, what is kept. */
#include "session.h"

#include <unistd.h>

static void base_counts_requests(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 7; i++)
		assert_serving(s);
	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	gpio_unmask(&s->vmm, 1);
	for (unsigned twice = 0; twice < 2; twice++)
		for (unsigned i = 0; i < VMM_RINGS; i++)
			assert_int_equal(vmm_ring_stop(&s->vmm, i), ring_base(&s->vmm.rings[i]));
}

static void base_of_a_ring_that_never_ran(void **state)
{
	struct session *s = *state;

	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		assert_int_equal(vmm_ring_stop(&s->vmm, i), ring_first_base(&s->vmm.rings[i]));
	vmm_send_memory(&s->vmm);
	assert_ok(message_send_state(&s->vmm.connection, VU_SET_VRING_BASE, 1, 17));
	assert_int_equal(vmm_ring_stop(&s->vmm, 1), 17);
	vmm_ring_setup(&s->vmm, 0, 0);
	vmm_ring_enable(&s->vmm, 0, true);
	ring_kick(&s->vmm.rings[0]);
	assert_serving(s);
}

/* Load, stop, look: nothing moves after the reply. Then go on: nothing is lost or done twice. */
static void stopped_ring_is_not_touched(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	uint64_t size = 64 * RING_SLOT_SIZE, areas = ring->used - ring->desc + 6 + 8 * VMM_RING_SIZE;

	for (unsigned i = 0; i < session_rounds(100, 20); i++) {
		uint64_t sum, data, calls;

		for (unsigned j = 0; j < 60; j++)
			gpio_send(&s->vmm, GPIO_GET_DIRECTION, (uint16_t)(j % 8), 0);
		ring_kick(ring);
		if (i % 3)
			usleep(10 * (i % 7));
		vmm_ring_stop(&s->vmm, 0);
		sum = memory_sum(&s->vmm.memory, ring->desc, areas);
		data = memory_sum(&s->vmm.memory, ring->slots, size);
		calls = ring_calls(ring);
		assert_int_equal(ring_returned_base(ring), s->vmm.base[0]);
		session_settle(s);
		assert_int_equal(memory_sum(&s->vmm.memory, ring->desc, areas), sum);
		assert_int_equal(memory_sum(&s->vmm.memory, ring->slots, size), data);
		assert_int_equal(ring_calls(ring), calls);
		vmm_ring_setup(&s->vmm, 0, s->vmm.base[0]);
		ring_kick(ring);
		for (unsigned j = 0; j < 60; j++)
			assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
		assert_int_equal(ring_returned_base(ring), ring_base(ring));
	}
}

/* What was taken of requests is answered by then; event buffers are held, and stay so. */
static void stop_completes_requests_only(void **state)
{
	struct session *s = *state;
	struct ring *requests = &s->vmm.rings[0], *events = &s->vmm.rings[1];
	uint16_t heads[8];

	for (uint16_t i = 0; i < 8; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	for (unsigned i = 0; i < session_rounds(200, 20); i++) {
		for (unsigned j = 0; j < 60; j++)
			gpio_send(&s->vmm, GPIO_GET_DIRECTION, (uint16_t)(j % 8), 0);
		ring_kick(requests);
		if (i % 3)
			usleep(10 * (i % 7));
		vmm_stop(&s->vmm);
		assert_int_equal(s->vmm.base[0], ring_returned_base(requests));
		assert_int_equal(s->vmm.base[1], ring_base(events));
		vmm_resume(&s->vmm);
		for (unsigned j = 0; j < 60; j++)
			assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(requests)).status, GPIO_OK);
	}
	assert_no_event(s);
	for (unsigned i = 8; i-- > 0;) {
		line_drive(s, i, 1);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
}

static void kick_races_with_stop(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	for (unsigned i = 0; i < 2000; i++) {
		gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
		ring_kick(ring);
		vmm_ring_stop(&s->vmm, 0);
		vmm_ring_setup(&s->vmm, 0, s->vmm.base[0]);
		ring_kick(ring);
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
	}
}

static void suspended_device_is_silent(void **state)
{
	struct session *s = *state;
	uint64_t sums[2], calls[2];

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	vmm_stop(&s->vmm);
	for (unsigned i = 0; i < 2; i++) {
		sums[i] = memory_sum(&s->vmm.memory, s->vmm.memory.regions[i].wire.guest_addr, 0x40000);
		calls[i] = ring_calls(&s->vmm.rings[i]);
	}
	line_pulse(s, 0);
	/* As a message it would start the ring. */
	for (unsigned i = 0; i < 2 && !s->vmm.wants_inband; i++)
		ring_kick(&s->vmm.rings[i]);
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
	assert_true(connection_silent(&s->vmm.connection, SILENT_MS));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(memory_sum(&s->vmm.memory, s->vmm.memory.regions[i].wire.guest_addr, 0x40000),
				 sums[i]);
		assert_int_equal(ring_calls(&s->vmm.rings[i]), calls[i]);
	}
}

static void stop_gives_kick_and_call_back(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);
	unsigned before = proc_fds(worker);
	unsigned kept;
	struct ring *ring = &s->vmm.rings[0];
	const uint64_t one = 1;
	int old = ring->kick_fd;

	fds_only(s);
	/* The supervisor keeps a duplicate of each for the worker's successor. */
	kept = proc_fds(s->daemon.pid) - 4;
	vmm_ring_stop(&s->vmm, 0);
	assert_fds(worker, before - 2);
	vmm_ring_stop(&s->vmm, 1);
	assert_fds(worker, before - 4);
	assert_fds(s->daemon.pid, kept);
	ring->kick_fd = dup(ring->err_fd); /* any eventfd that is another one */
	vmm_ring_setup(&s->vmm, 0, s->vmm.base[0]);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	assert_int_equal(write(old, &one, sizeof(one)), sizeof(one));
	assert_true(ring_silent(ring, SILENT_MS));
	ring_kick(ring);
	ring_wait(ring);
	close(old);
}

static void held_buffers_survive_a_pause(void **state)
{
	struct session *s = *state;
	bool seen[3] = { false };
	uint16_t heads[3];

	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	line_drive(s, 1, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	for (unsigned round = 0; round < 3; round++) {
		vmm_stop(&s->vmm);
		assert_int_equal(s->vmm.base[1], ring_base(&s->vmm.rings[1]));
		vmm_resume(&s->vmm);
		assert_no_event(s);
	}
	line_drive(s, 2, 1);
	line_drive(s, 0, 1);
	for (unsigned i = 0; i < 2; i++) {
		struct gpio_event event = gpio_event_wait(&s->vmm);

		assert_int_equal(event.status, GPIO_EVENT_VALID);
		for (unsigned j = 0; j < 3; j++)
			if (event.head == heads[j]) {
				assert_false(seen[j]);
				seen[j] = true;
			}
	}
	assert_true(seen[0] && seen[2] && !seen[1]);
	assert_no_event(s);
}

static void lines_survive_a_pause(void **state)
{
	struct session *s = *state;
	struct outside watch;
	uint16_t head;

	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 3, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 3);
	outside_open(&watch, s->daemon.control);
	outside_monitor(&watch, "guest0.0");
	vmm_stop(&s->vmm);
	/* While nobody looks. */
	line_pulse(s, 3);
	vmm_resume(&s->vmm);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_OUT);
	assert_int_equal(gpio_get_value(&s->vmm, 0), 1);
	assert_int_equal(gpio_get_direction(&s->vmm, 2), GPIO_IN);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 1), 1);
	head = gpio_unmask(&s->vmm, 3);
	assert_event(s, head, GPIO_EVENT_VALID);
	/* OUT again is no glitch either. */
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(session_edges(s, &watch), 0);
	assert_int_equal(gpio_set_value(&s->vmm, 0, 0), GPIO_OK);
	assert_int_equal(session_edges(s, &watch), 1);
	outside_close(&watch);
}

static void edge_during_a_pause_fires_afterwards(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	vmm_stop(&s->vmm);
	line_pulse(s, 0);
	assert_true(ring_silent(&s->vmm.rings[1], SILENT_MS));
	vmm_resume(&s->vmm);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void output_has_its_value_in_one_step(void **state)
{
	struct session *s = *state;
	struct outside watch;

	outside_pull(&s->outside, "guest0.0", 1);
	outside_open(&watch, s->daemon.control);
	outside_monitor(&watch, "guest0.0");
	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(session_edges(s, &watch), 0);
	assert_int_equal(line_level(s, 0), 1);
	outside_close(&watch);
}

static void ring_may_move(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_IN), GPIO_OK);
		vmm_ring_stop(&s->vmm, 0);
		ring_move(&s->vmm.rings[0]);
		vmm_ring_setup(&s->vmm, 0, s->vmm.base[0]);
		ring_kick(&s->vmm.rings[0]);
		assert_serving(s);
	}
}

static void enable_outlives_a_stop(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	vmm_ring_stop(&s->vmm, 0);
	vmm_ring_setup(&s->vmm, 0, s->vmm.base[0]);
	ring_kick(ring);
	assert_serving(s);
	/* And so does being disabled, also when that came while stopped. */
	vmm_ring_stop(&s->vmm, 0);
	vmm_ring_enable(&s->vmm, 0, false);
	vmm_ring_setup(&s->vmm, 0, s->vmm.base[0]);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(ring);
	assert_true(ring_silent(ring, SILENT_MS));
	vmm_ring_enable(&s->vmm, 0, true);
	ring_wait(ring);
}

static void disabled_eventq_is_not_touched(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[1];
	uint64_t sum;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);

	vmm_ring_enable(&s->vmm, 1, false);
	sum = memory_sum(&s->vmm.memory, ring->desc, ring->used - ring->desc + 6 + 8 * VMM_RING_SIZE);
	line_pulse(s, 0);
	session_settle(s);
	assert_int_equal(memory_sum(&s->vmm.memory, ring->desc, ring->used - ring->desc + 6 + 8 * VMM_RING_SIZE), sum);
	vmm_ring_enable(&s->vmm, 1, true);
	assert_event(s, head, GPIO_EVENT_VALID);
}

/* User-Mode Linux unbinds by ENABLE 0 alone, frees the rings and sets up others on the same connection. */
static void rings_set_up_anew_without_a_stop(void **state)
{
	struct session *s = *state;

	for (unsigned round = 0; round < 3; round++) {
		uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);
		uint64_t sum;

		line_drive(s, 0, 1);
		assert_event(s, head, GPIO_EVENT_VALID);
		gpio_unmask(&s->vmm, 0);
		for (unsigned i = VMM_RINGS; i-- > 0;)
			vmm_ring_enable(&s->vmm, i, false);
		assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
		for (unsigned i = 0; i < VMM_RINGS; i++)
			ring_move(&s->vmm.rings[i]);
		assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, s->vmm.features));
		vmm_send_memory(&s->vmm);
		sum = memory_sum(&s->vmm.memory, s->vmm.rings[1].slots, 0x10000);
		vmm_restart(&s->vmm);
		line_pulse(s, 0);
		assert_no_event(s);
		assert_int_equal(memory_sum(&s->vmm.memory, s->vmm.rings[1].slots, 0x10000), sum);
		assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
	}
}

static void ring_set_up_anew_waits_for_its_kick(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	assert_serving(s);
	vmm_ring_enable(&s->vmm, 0, false);
	ring_reset(ring);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	vmm_ring_setup(&s->vmm, 0, 0);
	vmm_ring_enable(&s->vmm, 0, true);
	assert_true(ring_silent(ring, SILENT_MS));
	ring_kick(ring);
	assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
}

static void one_started_ring_suspends_alone(void **state)
{
	struct session *s = *state;

	session_prepare(s, VMM_FEATURES & ~FEATURE(VIRTIO_GPIO_F_IRQ));
	vmm_ring_enable(&s->vmm, 1, true);
	for (unsigned i = 0; i < 3; i++) {
		ring_reset(&s->vmm.rings[0]);
		vmm_ring_setup(&s->vmm, 0, 0);
		vmm_ring_enable(&s->vmm, 0, true);
		ring_kick(&s->vmm.rings[0]);
		/* A reset each time: ring 1, which never ran, does not count. */
		assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
		assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_IN), GPIO_OK);
		assert_int_equal(vmm_ring_stop(&s->vmm, 0), ring_base(&s->vmm.rings[0]));
	}
}

static void stop_is_quick_under_load(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	unsigned n_slow = 0;

	s->vmm.layout = RING_INDIRECT;
	for (unsigned i = 0; i < 50; i++) {
		uint64_t start;

		while (ring->n_free > 0)
			gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, i % 2 ? GPIO_IN : GPIO_OUT);
		ring_kick(ring);
		start = clock_ns();
		vmm_ring_stop(&s->vmm, 0);
		n_slow += clock_ns() - start > 300 * 1000000ull;
		vmm_ring_setup(&s->vmm, 0, s->vmm.base[0]);
		ring_kick(ring);
		while (ring->n_free < ring->size)
			ring_wait(ring);
	}
	/* A busy machine may delay one or the other. */
	assert_in_range(n_slow, 0, 5);
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("V-54 V-57", base_counts_requests),
		FRESH("V-57", base_of_a_ring_that_never_ran),
		STARTED("V-55", stopped_ring_is_not_touched),
		STARTED("V-102", stop_completes_requests_only),
		STARTED("V-59", kick_races_with_stop),
		STARTED("G-90 V-56", suspended_device_is_silent),
		STARTED("V-58", stop_gives_kick_and_call_back),
		STARTED("V-60 G-92", held_buffers_survive_a_pause),
		STARTED("G-92 G-95", lines_survive_a_pause),
		STARTED("G-92", edge_during_a_pause_fires_afterwards),
		STARTED("G-25", output_has_its_value_in_one_step),
		STARTED("V-61", ring_may_move),
		STARTED("V-74", enable_outlives_a_stop),
		STARTED("V-76", disabled_eventq_is_not_touched),
		STARTED("V-78 X-45", rings_set_up_anew_without_a_stop),
		STARTED("V-62 V-78", ring_set_up_anew_waits_for_its_kick),
		FRESH("V-79", one_started_ring_suspends_alone),
		STARTED("V-101", stop_is_quick_under_load),
	};

	return session_run("stop", tests, sizeof(tests) / sizeof(tests[0]));
}
