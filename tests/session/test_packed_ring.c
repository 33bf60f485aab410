/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What only packed rings have: any size, wrap counters, their positions, event suppression, lists. What they have in
 * common with split rings is tested with both: see session_matrix in meson.build.
 */
#include "session.h"

#include "chain.h"

#define VMM_FEATURES_PACKED (VMM_FEATURES | FEATURE(VIRTIO_F_RING_PACKED))
#define FIRST_LAP	    0x80008000u

static void connect_ready(struct session *s, uint64_t features, unsigned size)
{
	vmm_deinit(&s->vmm);
	vmm_init(&s->vmm, size);
	session_prepare(s, features);
}

static void start(struct session *s, unsigned index, uint32_t base)
{
	vmm_ring_setup(&s->vmm, index, base);
	vmm_ring_enable(&s->vmm, index, true);
	ring_kick(&s->vmm.rings[index]);
}

static void start_both(struct session *s, uint32_t base)
{
	for (unsigned i = 0; i < VMM_RINGS; i++)
		start(s, i, base);
}

static void sizes(void **state)
{
	static const unsigned good[] = { 1, 2, 3, 5, 7, 1000, 32767, 32768 };
	static const uint32_t bad[] = { 0, 32769, 65536, 0x10001, 0x80000000, 0xffffffff };
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		connect_ready(s, VMM_FEATURES_PACKED, good[i]);
		start_both(s, FIRST_LAP);
		s->vmm.layout = RING_INDIRECT;
		chain_run_requests(s, good[i] > 300 ? good[i] + 10 : 300, good[i]);
		if (good[i] < 2)
			continue;
		s->vmm.layout = RING_DIRECT;
		chain_run_requests(s, good[i] > 300 ? good[i] / 2 + 10 : 301, good[i] / 2);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(message_send_state(&s->vmm.connection, VU_SET_VRING_NUM, 0, bad[i]));
	assert_serving(s);
}

static void misaligned_addresses(void **state)
{
	static const struct vu_addr by[] = { { .desc = 1 },  { .desc = 8 }, { .avail = 1 },
					     { .avail = 2 }, { .used = 1 }, { .used = 2 } };
	struct session *s = *state;

	connect_ready(s, VMM_FEATURES_PACKED, 0);
	assert_addresses_refused(s, by, sizeof(by) / sizeof(by[0]));
	start_both(s, FIRST_LAP);
	assert_serving(s);
}

static void wrap_counters_go_round(void **state)
{
	struct session *s = *state;

	connect_ready(s, VMM_FEATURES_PACKED, 7);
	start_both(s, FIRST_LAP);
	s->vmm.layout = RING_INDIRECT;
	chain_run_requests(s, 70000, 7);
	s->vmm.layout = RING_DIRECT; /* lists over the end of the ring, as 7 is odd */
	chain_run_requests(s, 20000, 3);
}

/* Each position of two laps, and of a list over the end: a pause is not noticed by the guest. */
static void paused_anywhere(void **state)
{
	struct session *s = *state;

	for (unsigned event_idx = 0; event_idx < 2; event_idx++) {
		const uint64_t features =
			event_idx ? VMM_FEATURES_PACKED : VMM_FEATURES_PACKED & ~FEATURE(VIRTIO_F_EVENT_IDX);

		connect_ready(s, features, 5);
		start_both(s, FIRST_LAP);
		assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
		for (unsigned i = 0; i < 25; i++) {
			vmm_stop(&s->vmm);
			assert_int_equal(s->vmm.base[0], ring_base(&s->vmm.rings[0]));
			assert_int_equal(s->vmm.base[1], FIRST_LAP); /* never used, and yet it is no new one */
			if (i % 2)
				ring_move(&s->vmm.rings[0]);
			vmm_resume(&s->vmm);
			s->vmm.layout = i % 3 ? RING_INDIRECT : RING_DIRECT;
			assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_OUT);
		}
	}
}

/* A reset at each position is noticed; so it is when the front-end says 0 of a new ring, as virtio_uml does. */
static void reset_anywhere(void **state)
{
	static const uint32_t bases[] = { FIRST_LAP, 0 };
	struct session *s = *state;

	for (unsigned i = 0; i < 4; i++) {
		connect_ready(s, i < 2 ? VMM_FEATURES_PACKED : VMM_FEATURES_PACKED & ~FEATURE(VIRTIO_F_EVENT_IDX), 5);
		start_both(s, bases[i % 2]);
		for (unsigned n = 0; n < 20; n++) {
			/* Requests that leave the ring at n more than a whole number of laps. */
			s->vmm.layout = RING_INDIRECT;
			assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
			for (unsigned j = 0; j < n; j++)
				assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_OUT);
			vmm_stop(&s->vmm);
			ring_reset(&s->vmm.rings[0]);
			ring_reset(&s->vmm.rings[1]);
			start_both(s, bases[i % 2]);
			if (gpio_get_direction(&s->vmm, 1) != GPIO_NONE)
				fail_msg("a reset after %u requests was not noticed", n + 1);
		}
	}
}

/* All of the second lap is held: what is available next is where a new ring begins, only what is used next is not. */
static void reset_with_all_buffers_held(void **state)
{
	struct session *s = *state;
	uint64_t sum;
	uint16_t head;

	connect_ready(s, VMM_FEATURES_PACKED, 4);
	start_both(s, FIRST_LAP);
	s->vmm.layout = RING_INDIRECT;
	for (unsigned lap = 0; lap < 2; lap++) {
		for (uint16_t i = 0; i < 4; i++)
			gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
		for (unsigned i = 0; lap == 0 && i < 4; i++) {
			line_pulse(s, i);
			gpio_event_wait(&s->vmm);
		}
	}
	vmm_stop(&s->vmm);
	assert_int_equal(s->vmm.base[VMM_EVENTQ], 0x00008000);
	vmm_resume(&s->vmm);
	vmm_stop(&s->vmm);
	ring_reset(&s->vmm.rings[VMM_EVENTQ]);
	start(s, VMM_REQUESTQ, s->vmm.base[VMM_REQUESTQ]);
	start(s, VMM_EVENTQ, FIRST_LAP);
	sum = memory_sum(&s->vmm.memory, s->vmm.rings[VMM_EVENTQ].slots, 4 * RING_SLOT_SIZE);
	for (unsigned i = 0; i < 4; i++)
		line_pulse(s, i);
	assert_no_event(s);
	assert_int_equal(memory_sum(&s->vmm.memory, s->vmm.rings[VMM_EVENTQ].slots, 4 * RING_SLOT_SIZE), sum);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_NONE), GPIO_OK);
	head = gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	line_pulse(s, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void event_buffers_come_back_in_any_order(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	static const unsigned order[] = { 1, 3, 0, 2 };
	uint16_t heads[4];

	connect_ready(s, VMM_FEATURES_PACKED, 9);
	start_both(s, FIRST_LAP);
	for (uint16_t i = 0; i < 4; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 4; i++) {
			unsigned line = order[(i + round) % 4];

			line_pulse(s, line);
			assert_event(s, heads[line], GPIO_EVENT_VALID);
			/* The others stay where they are, over a pause too. */
			if (i == 1) {
				assert_int_equal(vmm_ring_stop(&s->vmm, VMM_EVENTQ), ring_base(eventq));
				start(s, VMM_EVENTQ, s->vmm.base[VMM_EVENTQ]);
			}
		}
		for (uint16_t i = 0; i < 4; i++)
			heads[i] = gpio_unmask(&s->vmm, i);
	}
}

static void bad_ring_is_broken_alone(void **state)
{
	static const uint32_t bad_bases[] = { 0x80058005, 0x80008005, 0x80028001, 0x7fff7fff };
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];

	connect_ready(s, VMM_FEATURES_PACKED, 5);
	start_both(s, FIRST_LAP);
	for (unsigned i = 0; i < 4; i++) {
		ring_make_bad(ring);
		ring_kick(ring);
		assert_true(ring_error(ring, WAIT_MS));
		assert_true(ring_silent(ring, SILENT_MS));
		assert_int_equal(message_get_config(&s->vmm.connection, 0, 0, NULL), 0);
		/* A base that cannot be is as bad. */
		vmm_ring_stop(&s->vmm, VMM_REQUESTQ);
		ring_reset(ring);
		start(s, VMM_REQUESTQ, bad_bases[i]);
		assert_true(ring_error(ring, WAIT_MS));
		vmm_ring_stop(&s->vmm, VMM_REQUESTQ);
		start(s, VMM_REQUESTQ, FIRST_LAP);
		assert_serving(s);
	}
}

static void bad_chain_loses_no_other(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t request = chain_set_in(s), space = chain_space(s, 2);
	const struct ring_part bad[][2] = {
		{ { space, 2, true }, { request, 8, false } },
		{ { request, 0xffffffff, false }, { space, 0xffffffff, true } },
	};

	connect_ready(s, VMM_FEATURES_PACKED, 16);
	start_both(s, FIRST_LAP);
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned layout = RING_DIRECT; layout <= RING_INDIRECT; layout++) {
			uint16_t heads[3];

			heads[0] = gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
			heads[1] = ring_add(ring, bad[i], 2, (enum ring_layout)layout);
			heads[2] = gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
			ring_notify(ring);
			for (unsigned j = 0; j < 3; j++) {
				struct ring_used used = ring_wait(ring);

				assert_int_equal(used.id, heads[j]);
				assert_int_equal(used.len, j == 1 ? 0 : 2);
			}
		}
	}
}

/* The driver's area as the device reads it: ENABLE, DISABLE, and DESC, which is a place with its wrap counter. */
static void calls_are_as_the_driver_wants(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	struct packed_event *event;
	uint64_t calls;

	connect_ready(s, VMM_FEATURES_PACKED, 8);
	start_both(s, FIRST_LAP);
	s->vmm.layout = RING_INDIRECT;
	ring->manual_event = true;
	event = memory_at(&s->vmm.memory, ring->avail, sizeof(*event));
	calls = ring_calls(ring);
	for (unsigned i = 0; i < 5; i++) {
		assert_serving(s);
		ring_wait_calls(ring, ++calls);
	}
	event->flags = EVENT_DISABLE;
	chain_run_requests(s, 7, 1);
	session_settle(s);
	assert_int_equal(ring_calls(ring), calls);
	/* 12 were used: 4 of the second lap. Called when the third of them from here on is. */
	event->off_wrap = 6;
	event->flags = EVENT_DESC;
	chain_run_requests(s, 2, 1);
	session_settle(s);
	assert_int_equal(ring_calls(ring), calls);
	chain_run_requests(s, 1, 1);
	ring_wait_calls(ring, calls + 1);
	chain_run_requests(s, 5, 1);
	session_settle(s);
	assert_int_equal(ring_calls(ring), calls + 1);
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("F-07 P-01 P-07", sizes),
		FRESH("P-02", misaligned_addresses),
		FRESH("P-03 P-09 P-13", wrap_counters_go_round),
		FRESH("P-03 P-15", paused_anywhere),
		FRESH("P-03 G-91", reset_anywhere),
		FRESH("P-03 G-91 V-61", reset_with_all_buffers_held),
		FRESH("P-06 P-15", event_buffers_come_back_in_any_order),
		FRESH("P-14", bad_ring_is_broken_alone),
		FRESH("P-16 P-14", bad_chain_loses_no_other),
		FRESH("P-12", calls_are_as_the_driver_wants),
	};

	return session_run("packed_ring", tests, sizeof(tests) / sizeof(tests[0]));
}
