/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * In-flight regions in the front-end's hand: vhost-user.rst, "Inflight I/O tracking". The rings are split ones, which
 * these tests read and write themselves.
 */
#include "inflight.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static void region_tells_what_is_in_flight(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t heads[3];

	shared_start(s, &shared);
	assert_serving(s);
	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		assert_int_equal(shared_queue(&shared, i)->version, 1);
		assert_int_equal(shared_queue(&shared, i)->desc_num, VMM_RING_SIZE);
	}
	assert_int_equal(shared_inflight(&shared, 0), 0);
	assert_int_equal(shared_queue(&shared, 0)->used_idx, ring_used_idx(&s->vmm.rings[0]));
	assert_int_equal(shared_inflight(&shared, 1), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(shared_queue(&shared, 1)->desc[heads[i]].inflight, 1);
	assert_true(shared_queue(&shared, 1)->desc[heads[0]].counter <
		    shared_queue(&shared, 1)->desc[heads[1]].counter);
	line_pulse(s, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	ring_wait_calls(&s->vmm.rings[1], 1);
	assert_int_equal(shared_inflight(&shared, 1), 2);
	assert_int_equal(shared_queue(&shared, 1)->used_idx, 1);
	assert_int_equal(shared_queue(&shared, 1)->last_batch_head, heads[1]);
	shared_free(&shared);
}

static void assert_held(struct session *s, const uint16_t *heads, unsigned first, unsigned end)
{
	assert_true(ring_silent(&s->vmm.rings[VMM_EVENTQ], SILENT_MS));
	for (unsigned i = first; i < end; i++) {
		assert_int_equal(gpio_set_irq_type(&s->vmm, (uint16_t)i, GPIO_IRQ_RISING), GPIO_OK);
		line_pulse(s, i);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
	assert_no_event(s);
}

/* Lines begin anew with a front-end, the buffers that it gave are held still. */
static void buffers_are_held_over_a_reconnect(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t heads[4];

	shared_start(s, &shared);
	for (uint16_t i = 0; i < 4; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	shared_reconnect(s, &shared);
	assert_serving(s);
	assert_int_equal(shared_inflight(&shared, 1), 3);
	assert_held(s, heads, 1, 4);
	/* And the ring goes on. */
	heads[0] = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	assert_int_equal(vmm_ring_stop(&s->vmm, VMM_EVENTQ), 5);
	shared_free(&shared);
}

static void packed_begin(struct session *s, const struct vu_inflight *wire, int fd)
{
	session_prepare(s, VMM_FEATURES | FEATURE(VIRTIO_F_RING_PACKED));
	if (fd >= 0)
		assert_ok(message_set_inflight(&s->vmm.connection, wire, fd));
}

static void packed_start(struct session *s)
{
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(&s->vmm, i, ring_base(&s->vmm.rings[i]));
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
}

/* The same with packed rings; and their region is not believed when the rings are new ones. */
static void packed_rings_over_a_reconnect(void **state)
{
	struct vu_inflight wire = { .num_queues = VMM_RINGS, .queue_size = VMM_RING_SIZE };
	struct session *s = *state;
	uint16_t heads[4];
	int fd;

	packed_begin(s, NULL, -1);
	fd = message_get_inflight(&s->vmm.connection, &wire, sizeof(wire));
	assert_true(fd >= 0);
	assert_ok(message_set_inflight(&s->vmm.connection, &wire, fd));
	packed_start(s);
	for (uint16_t i = 0; i < 4; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	vmm_disconnect(&s->vmm);
	packed_begin(s, &wire, fd);
	packed_start(s);
	assert_serving(s);
	assert_held(s, heads, 1, 4);
	heads[0] = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);

	gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	vmm_disconnect(&s->vmm);
	packed_begin(s, &wire, fd);
	vmm_restart(&s->vmm);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 1);
	assert_no_event(s);
	assert_int_equal(daemon_logged(&s->daemon, "in-flight region does not match the ring"), 2);
	close(fd);
}

static void another_daemon_takes_them_up(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t heads[2];

	simulated_only("two daemons");
	shared_start(s, &shared);
	for (uint16_t i = 0; i < 2; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	outside_close(&s->outside);
	vmm_disconnect(&s->vmm);
	assert_int_equal(daemon_stop(&s->daemon), 0);
	daemon_start(&s->daemon, "s8");
	outside_open(&s->outside, s->daemon.control);
	shared_prepare(s);
	assert_ok(message_set_inflight(&s->vmm.connection, &shared.wire, shared.fd));
	shared_start_rings(s);
	assert_serving(s);
	assert_held(s, heads, 0, 2);
	shared_free(&shared);
}

/* As a back-end leaves it that died with a request in its hands, and with one returned that it did not yet tick off. */
static void region_of_a_back_end_that_died(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	struct vu_inflight_split *r;
	struct shared shared;
	struct split_used_elem elem;
	uint16_t done, taken[2];

	shared_prepare(s);
	shared_get(s, &shared);
	done = gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	taken[0] = gpio_send(&s->vmm, GPIO_SET_DIRECTION, 1, GPIO_IN);
	taken[1] = gpio_send(&s->vmm, GPIO_SET_DIRECTION, 1, GPIO_NONE);
	r = shared_queue(&shared, 0);
	r->version = 1;
	r->desc_num = VMM_RING_SIZE;
	r->desc[done] = (struct vu_inflight_desc){ .inflight = 1, .counter = 4 };
	r->last_batch_head = done;
	/* In the order of their counters, not of their heads. */
	r->desc[taken[0]] = (struct vu_inflight_desc){ .inflight = 1, .counter = 6 };
	r->desc[taken[1]] = (struct vu_inflight_desc){ .inflight = 1, .counter = 5 };
	elem = (struct split_used_elem){ .id = done, .len = 2 };
	memory_write(&s->vmm.memory, ring->used + 4, &elem, sizeof(elem));
	ring_set_used_idx(ring, 1);
	assert_ok(message_set_inflight(&s->vmm.connection, &shared.wire, shared.fd));
	shared_start_rings(s);
	assert_int_equal(ring_wait(ring).id, done);
	assert_int_equal(ring_wait(ring).id, taken[1]);
	assert_int_equal(ring_wait(ring).id, taken[0]);
	assert_true(ring_silent(ring, SILENT_MS));
	assert_int_equal(shared_inflight(&shared, 0), 0);
	/* The last one was SET_DIRECTION(IN); the request that was done is not done again. */
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_IN);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
	shared_free(&shared);
}

/* The same, and the front-end stops the ring before anybody looked at it. */
static void in_flight_is_answered_before_a_stop(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	struct connection *c = &s->vmm.connection;
	struct vu_state stop = { .index = 0 };
	struct vu_inflight_split *r;
	struct shared shared;
	uint16_t taken[3];

	if (s->vmm.wants_inband)
		skip_because("a kick that is a message is done when it is answered");
	shared_prepare(s);
	shared_get(s, &shared);
	r = shared_queue(&shared, 0);
	r->version = 1;
	r->desc_num = VMM_RING_SIZE;
	for (uint16_t i = 0; i < 3; i++) {
		taken[i] = gpio_send(&s->vmm, GPIO_SET_DIRECTION, i, GPIO_IN);
		r->desc[taken[i]] = (struct vu_inflight_desc){ .inflight = 1, .counter = i };
	}
	assert_ok(message_set_inflight(c, &shared.wire, shared.fd));
	vmm_ring_setup(&s->vmm, 0, 0);
	vmm_ring_enable(&s->vmm, 0, true);
	/* The kick and the message are seen in one turn, in this order when the worker was at rest. */
	session_settle(s);
	kill(session_worker(s), SIGSTOP);
	ring_kick(ring);
	assert_true(connection_send(c, VU_GET_VRING_BASE, 0, &stop, sizeof(stop), NULL, 0));
	kill(session_worker(s), SIGCONT);
	assert_true(connection_receive_reply(c, VU_GET_VRING_BASE, &stop, sizeof(stop)));
	assert_int_equal(stop.num, 3);
	assert_int_equal(shared_inflight(&shared, 0), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ring_wait(ring).id, taken[i]);
	assert_true(ring_silent(ring, SILENT_MS));
	shared_free(&shared);
}

/* The guest was reset, its front-end gives back a region of before: no head of it may be returned. */
static void region_of_another_run_is_not_believed(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t head;

	shared_start(s, &shared);
	for (uint16_t i = 0; i < 3; i++)
		gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	assert_int_equal(shared_inflight(&shared, 1), 3);
	assert_serving(s);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_reset(&s->vmm.rings[i]);
	shared_reconnect(s, &shared);
	for (uint16_t i = 0; i < 3; i++)
		assert_int_equal(gpio_set_irq_type(&s->vmm, i, GPIO_IRQ_RISING), GPIO_OK);
	for (unsigned i = 0; i < 3; i++)
		line_pulse(s, i);
	assert_no_event(s);
	assert_int_equal(shared_inflight(&shared, 1), 0);
	head = gpio_unmask(&s->vmm, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	shared_free(&shared);
}

/* The guest is reset, its front-end stays, and with it the region: what was in flight is not. */
static void reset_forgets_the_region(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	struct shared shared;
	uint16_t heads[3], old[3];

	shared_start(s, &shared);
	for (uint16_t i = 0; i < 3; i++)
		old[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	assert_int_equal(shared_inflight(&shared, 1), 3);
	vmm_stop(&s->vmm);
	ring_reset(&s->vmm.rings[VMM_REQUESTQ]);
	ring_reset(eventq);
	/* As many as were in flight, and others. */
	s->vmm.layout = RING_INDIRECT;
	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_event_send(&s->vmm, i);
	assert_int_not_equal(heads[2], old[2]);
	shared_start_rings(s);
	for (uint16_t i = 0; i < 3; i++) {
		assert_int_equal(gpio_set_irq_type(&s->vmm, i, GPIO_IRQ_RISING), GPIO_OK);
		line_pulse(s, i);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
	assert_true(ring_silent(eventq, SILENT_MS));
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon, "in-flight region does not match the ring"), 0);
	shared_free(&shared);
}

static void successor_keeps_the_region(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t heads[3];

	s->workers_may_die = true;
	shared_start(s, &shared);
	for (uint16_t i = 0; i < 3; i++) {
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
		session_take_over(s);
		assert_serving(s);
		assert_int_equal(shared_inflight(&shared, 1), i + 1u);
	}
	line_pulse(s, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	assert_int_equal(shared_inflight(&shared, 1), 2);
	/* And a reconnect after it. */
	shared_reconnect(s, &shared);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 2);
	assert_event(s, heads[2], GPIO_EVENT_VALID);
	assert_no_event(s);
	shared_free(&shared);
}

static void killed_at_any_point_each_head_is_used_once(void **state)
{
	struct session *s = *state;
	struct shared shared;

	s->workers_may_die = true;
	shared_start(s, &shared);
	s->vmm.layout = RING_INDIRECT;
	for (unsigned round = 0; round < 4; round++) {
		struct ring *ring = &s->vmm.rings[0];
		bool seen[VMM_RING_SIZE] = { false };
		pid_t worker = daemon_wait_worker(&s->daemon, 0, 0);

		for (unsigned i = 0; i < VMM_RING_SIZE; i++)
			gpio_send(&s->vmm, GPIO_SET_DIRECTION, (uint16_t)(i % 8), i % 3);
		ring_kick(ring);
		usleep(70 * round);
		assert_int_equal(kill(worker, SIGKILL), 0);
		for (unsigned i = 0; i < VMM_RING_SIZE; i++) {
			struct ring_used used = ring_wait(ring);

			assert_in_range(used.id, 0, VMM_RING_SIZE - 1);
			assert_false(seen[used.id]);
			seen[used.id] = true;
			assert_int_equal(gpio_answer_of(&s->vmm, used).status, GPIO_OK);
		}
		assert_true(ring_silent(ring, 5));
	}
	s->daemon.workers[0] = daemon_worker(&s->daemon, 0);
	shared_free(&shared);
}

#define LARGE 4096

static int setup_large(void **state)
{
	return session_setup_with(state, "s8", LARGE);
}

static bool all_used(void *ctx)
{
	return ring_used_idx(ctx) == LARGE;
}

/* A region that says that a whole ring is in flight: each turn does some of it, so that the rest is served meanwhile. */
static void much_in_flight_takes_its_turns(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	struct shared shared;
	struct vu_inflight_split *r;

	fds_only(s);
	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES_PLAIN, VMM_PROTOCOL_FEATURES);
	vmm_send_memory(&s->vmm);
	shared_make(&shared, LARGE, 0, VMM_RINGS * shared_stride(LARGE));
	r = shared_queue(&shared, VMM_REQUESTQ);
	r->version = 1;
	r->desc_num = LARGE;
	for (unsigned i = 0; i < LARGE; i++)
		r->desc[i] = (struct vu_inflight_desc){ .inflight = 1, .counter = i };
	assert_ok(message_set_inflight(&s->vmm.connection, &shared.wire, shared.fd));
	ring_skew_avail(ring, LARGE);
	shared_start_rings(s);
	assert_true(wait_for(all_used, ring, WAIT_MS));
	session_settle(s);
	/* One a turn, however many chains it was. */
	assert_in_range(ring_calls(ring), LARGE / 256, LARGE);
	shared_free(&shared);
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-86", region_tells_what_is_in_flight),
		FRESH("V-86 V-87 PF-12 S-02", buffers_are_held_over_a_reconnect),
		FRESH("V-86 V-87 S-02", packed_rings_over_a_reconnect),
		FRESH("V-86 V-87 S-02", another_daemon_takes_them_up),
		FRESH("V-86 V-87", region_of_a_back_end_that_died),
		FRESH("V-102", in_flight_is_answered_before_a_stop),
		FRESH("V-86 S-08 X-12", region_of_another_run_is_not_believed),
		FRESH("V-86 S-08", reset_forgets_the_region),
		ROW_TEST_FIXTURE("V-86 S-08", much_in_flight_takes_its_turns, setup_large, session_teardown),
		FRESH("V-86 S-02", successor_keeps_the_region),
		FRESH("V-86 S-01", killed_at_any_point_each_head_is_used_once),
	};

	return session_run("inflight", tests, sizeof(tests) / sizeof(tests[0]));
}
