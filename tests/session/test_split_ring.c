/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The split ring as a whole: sizes, indices and their wrap, notifications in both directions, broken rings. */
#include "session.h"

#include "chain.h"

static void start_at(struct session *s, unsigned index, uint16_t base)
{
	struct ring *ring = &s->vmm.rings[index];

	ring_start_at(ring, base);
	vmm_ring_setup(&s->vmm, index, base);
	vmm_ring_enable(&s->vmm, index, true);
	ring_kick(ring);
}

/* Of rounds that are as good as each other, fewer when each kick is a message and its answer. */
static unsigned rounds(const struct session *s, unsigned n)
{
	return s->vmm.wants_inband ? n / 10 : n;
}

static void sizes(void **state)
{
	static const unsigned good[] = { 1, 2, 4, 256, 1024, 32768 };
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		vmm_deinit(&s->vmm);
		vmm_init(&s->vmm, good[i]);
		vmm_start(&s->vmm, session_socket(s));
		s->vmm.layout = RING_INDIRECT;
		chain_run_requests(s, good[i] > 300 ? good[i] + 10 : 300, good[i]);
		if (good[i] < 4)
			continue;
		s->vmm.layout = RING_DIRECT;
		chain_run_requests(s, 300, good[i] / 2);
	}
}

static void sizes_that_no_split_ring_has(void **state)
{
	static const uint32_t bad[] = {
		0, 3, 5, 255, 257, 1000, 32769, 65536, 0x10001, 0x10100, 0x80000000, 0xffffffff
	};
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(message_send_state(&s->vmm.connection, VU_SET_VRING_NUM, 0, bad[i]));
	assert_serving(s);
}

static void misaligned_addresses(void **state)
{
	static const struct vu_addr by[] = { { .desc = 1 },  { .desc = 8 }, { .desc = 15 },
					     { .avail = 1 }, { .used = 1 }, { .used = 2 } };
	struct session *s = *state;

	session_prepare(s, VMM_FEATURES);
	assert_addresses_refused(s, by, sizeof(by) / sizeof(by[0]));
}

static void ring_must_fit_its_region(void **state)
{
	struct session *s = *state;
	const struct vu_region *region = &s->vmm.memory.regions[1].wire;
	const uint64_t ends[] = { region->user_addr + region->size - 16, region->user_addr + region->size - 4,
				  region->user_addr - 16, 0xfffffffffffffff0ull };
	struct connection *c = &s->vmm.connection;

	session_prepare(s, VMM_FEATURES);
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned part = 0; part < 3; part++) {
			struct vu_addr addr = vmm_ring_addr(&s->vmm, 0);
			uint64_t at = part == 0 ? ends[i] & ~15ull : ends[i];

			*(part == 0 ? &addr.desc : part == 1 ? &addr.avail : &addr.used) = at;
			assert_ok(message_send_state(c, VU_SET_VRING_NUM, 0, 256));
			assert_refused(message_set_vring_addr(c, &addr));
		}
	}
	start_at(s, VMM_REQUESTQ, 0);
	assert_serving(s);
}

static void indices_wrap(void **state)
{
	struct session *s = *state;

	chain_run_requests(s, 70000, 64);
	assert_int_equal(ring_used_idx(&s->vmm.rings[VMM_REQUESTQ]), (uint16_t)70000);
}

static void base_just_before_the_wrap(void **state)
{
	struct session *s = *state;

	session_prepare(s, VMM_FEATURES);
	start_at(s, VMM_REQUESTQ, 65535);
	chain_run_requests(s, 300, 1);
	assert_int_equal(vmm_ring_stop(&s->vmm, VMM_REQUESTQ), 299);
}

static void base_has_16_bits(void **state)
{
	struct session *s = *state;

	session_prepare(s, VMM_FEATURES);
	start_at(s, VMM_REQUESTQ, 0);
	chain_run_requests(s, 5, 1);
	assert_int_equal(vmm_ring_stop(&s->vmm, VMM_REQUESTQ), 5);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, 5);
	/* Upper bits mean something for packed rings only. */
	assert_ok(message_send_state(&s->vmm.connection, VU_SET_VRING_BASE, VMM_REQUESTQ, 0xabcd0005));
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	chain_run_requests(s, 5, 1);
	assert_int_equal(message_get_vring_base(&s->vmm.connection, VMM_REQUESTQ), 10);
}

/* Requests that another back-end took before us are not ours. */
static void used_index_is_read_from_the_ring(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	struct split_used_elem elem;
	uint16_t head;

	session_prepare(s, VMM_FEATURES_PLAIN);
	ring->avail_idx = 7;
	ring->used_idx = 5;
	ring_publish(ring);
	ring_set_used_idx(ring, 5);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, 7);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	ring_kick(ring);
	assert_true(ring_silent(ring, SILENT_MS));
	head = gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_notify(ring);
	assert_int_equal(ring_wait(ring).id, head);
	assert_int_equal(ring_used_idx(ring), 6);
	memory_read(&s->vmm.memory, ring->used + 4 + 8 * 5, &elem, sizeof(elem));
	assert_int_equal(elem.id, head);
	assert_int_equal(elem.len, 2);
}

static void broken_ring_leaves_the_other_alone(void **state)
{
	struct session *s = *state;
	struct ring *requestq = &s->vmm.rings[VMM_REQUESTQ];
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);

	ring_skew_avail(requestq, VMM_RING_SIZE + 1);
	ring_kick(requestq);
	assert_true(ring_error(requestq, WAIT_MS));
	assert_true(ring_silent(requestq, SILENT_MS));
	line_drive(s, 0, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	head = gpio_unmask(&s->vmm, 0);
	line_drive(s, 0, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	/* Kicks of the broken ring are harmless, and it can be set up anew. */
	for (unsigned i = 0; i < 10; i++)
		ring_kick(requestq);
	vmm_ring_stop(&s->vmm, VMM_REQUESTQ);
	ring_reset(requestq);
	start_at(s, VMM_REQUESTQ, 0);
	assert_serving(s);
}

static void broken_eventq_leaves_requests_alone(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];

	gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);
	ring_skew_avail(eventq, 0x8000);
	ring_kick(eventq);
	assert_true(ring_error(eventq, WAIT_MS));
	line_drive(s, 0, 1);
	assert_true(ring_silent(eventq, SILENT_MS));
	assert_serving(s);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
}

static void head_out_of_range(void **state)
{
	static const uint16_t heads[] = { VMM_RING_SIZE, 0x7fff, 0xffff };
	struct session *s = *state;

	for (unsigned i = 0; i < 3; i++) {
		struct ring *requestq = &s->vmm.rings[VMM_REQUESTQ];
		uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

		ring_publish_head(requestq, heads[i]);
		ring_kick(requestq);
		assert_true(ring_error(requestq, WAIT_MS));
		assert_true(ring_silent(requestq, SILENT_MS));
		line_pulse(s, 0);
		assert_event(s, head, GPIO_EVENT_VALID);
		session_reconnect(s);
	}
}

static void head_that_the_device_still_has(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	ring_publish_head(eventq, head);
	ring_notify(eventq);
	assert_true(ring_error(eventq, WAIT_MS));
	line_drive(s, 0, 1);
	/* Completed once at most. */
	session_settle(s);
	assert_in_range(ring_used_idx(eventq), 0, 1);
	assert_serving(s);
}

static void calls_follow_the_flag(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t calls = ring_calls(ring);

	/* Without EVENT_IDX, used_event means nothing. */
	ring_set_used_event(ring, 0x7777);
	for (unsigned i = 0; i < 5; i++) {
		assert_serving(s);
		ring_wait_calls(ring, ++calls);
	}
	ring_set_avail_flags(ring, AVAIL_F_NO_INTERRUPT);
	for (unsigned i = 0; i < 5; i++)
		assert_serving(s);
	session_settle(s);
	assert_int_equal(ring_calls(ring), calls);
	ring_set_avail_flags(ring, 0);
	assert_serving(s);
	ring_wait_calls(ring, calls + 1);
	assert_in_range(ring_used_flags(ring), 0, 1);
	/* Nor does the device write avail_event. */
	assert_int_equal(ring_avail_event(ring), 0);
}

static void no_call_without_work(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < VMM_RINGS; i++) {
		struct ring *ring = &s->vmm.rings[i];
		uint64_t calls;

		assert_serving(s);
		session_settle(s);
		calls = ring_calls(ring);
		for (unsigned j = 0; j < rounds(s, 1000); j++)
			ring_kick(ring);
		assert_true(ring_silent(ring, SILENT_MS));
		assert_int_equal(ring_calls(ring), calls);
	}
	assert_serving(s);
}

static void calls_follow_used_event(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t calls;

	session_prepare(s, VMM_FEATURES);
	ring->manual_event = true;
	/* From just below the wrap to beyond it. */
	start_at(s, VMM_REQUESTQ, 65530);
	for (unsigned round = 0; round < 5; round++) {
		calls = ring_calls(ring);
		ring_set_used_event(ring, (uint16_t)(ring->used_idx + 3));
		for (unsigned i = 0; i < 3; i++)
			assert_serving(s);
		session_settle(s);
		assert_int_equal(ring_calls(ring), calls);
		assert_serving(s);
		ring_wait_calls(ring, calls + 1);
		for (unsigned i = 0; i < 3; i++)
			assert_serving(s);
		session_settle(s);
		assert_int_equal(ring_calls(ring), calls + 1);
	}
	/* The flag means nothing. */
	ring_set_avail_flags(ring, AVAIL_F_NO_INTERRUPT);
	ring_set_used_event(ring, ring->used_idx);
	calls = ring_calls(ring);
	assert_serving(s);
	ring_wait_calls(ring, calls + 1);
}

static void used_event_over_the_whole_range(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t calls = 0;

	session_prepare(s, VMM_FEATURES);
	ring->manual_event = true;
	start_at(s, VMM_REQUESTQ, 0);
	/* One call for each 128 of 70000 requests. */
	for (unsigned i = 0; i < 70000 / 128; i++) {
		ring_set_used_event(ring, (uint16_t)(ring->used_idx + 127));
		chain_run_requests(s, 128, 64);
		ring_wait_calls(ring, ++calls);
	}
	session_settle(s);
	assert_int_equal(ring_calls(ring), calls);
}

static void kicks_follow_avail_event(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	unsigned kicks = 0;

	/* Every way of overlapping: one by one, and many under way. None may get stuck for want of a kick. */
	for (unsigned i = 0; i < 2000; i++) {
		gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
		kicks += ring_notify(ring);
		ring_wait(ring);
		assert_int_equal(ring_avail_event(ring), ring->avail_published);
		assert_int_equal(ring_used_flags(ring), 0);
	}
	assert_int_equal(kicks, 2000);
	chain_run_requests(s, rounds(s, 50000), 3);
	chain_run_requests(s, rounds(s, 50000), 120);
	assert_int_equal(ring_used_flags(ring), 0);
}

static void buffers_added_meanwhile_are_seen(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];

	for (unsigned round = 0; round < rounds(s, 300); round++) {
		for (unsigned i = 0; i < 100; i++) {
			gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
			ring_notify(ring);
		}
		for (unsigned i = 0; i < 100; i++)
			ring_wait(ring);
	}
}

static int setup_256(void **state)
{
	return session_setup_with(state, "s256", 0);
}

static void full_eventq_does_not_hold_up_requests(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	uint16_t head = 0;

	vmm_start(&s->vmm, session_socket(s));
	s->vmm.layout = RING_INDIRECT;
	for (uint16_t i = 0; i < VMM_RING_SIZE; i++)
		head = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	assert_int_equal(eventq->n_free, 0);
	chain_run_requests(s, 1000, 100);
	line_drive(s, VMM_RING_SIZE - 1, 1);
	/* chain_run_requests() has set directions of lines 0 to 7 only. */
	assert_event(s, head, GPIO_EVENT_VALID);
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define PLAIN(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup_plain, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("R-01 R-02 X-26 X-48", sizes),
		STARTED("R-01", sizes_that_no_split_ring_has),
		FRESH("R-03", misaligned_addresses),
		FRESH("R-04 V-51", ring_must_fit_its_region),
		PLAIN("R-05 R-20", indices_wrap),
		FRESH("V-53 R-05", base_just_before_the_wrap),
		FRESH("V-53 V-54", base_has_16_bits),
		FRESH("R-39", used_index_is_read_from_the_ring),
		STARTED("R-06 V-71", broken_ring_leaves_the_other_alone),
		STARTED("R-06", broken_eventq_leaves_requests_alone),
		STARTED("R-07", head_out_of_range),
		STARTED("R-07 X-12", head_that_the_device_still_has),
		PLAIN("R-23 R-26", calls_follow_the_flag),
		PLAIN("R-28", no_call_without_work),
		FRESH("R-24 R-27 F-06", calls_follow_used_event),
		FRESH("R-24 R-27", used_event_over_the_whole_range),
		STARTED("R-25 F-06", kicks_follow_avail_event),
		STARTED("R-29", buffers_added_meanwhile_are_seen),
		ROW_TEST_FIXTURE("R-38", full_eventq_does_not_hold_up_requests, setup_256, session_teardown),
	};

	return session_run("split_ring", tests, sizeof(tests) / sizeof(tests[0]));
}
