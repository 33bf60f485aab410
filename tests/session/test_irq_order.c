/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Two rings, one order: a buffer that was made available before a request is the device's when that is done, whichever
 * kick is read first (VirtIO GPIO, "Set IRQ Type"). TEST_ROUNDS is how often an interrupt goes on and off.
 */
#include "session.h"

#include <stdlib.h>

/* A request whose ring is the only one that is kicked. */
static uint8_t request(struct session *s, uint16_t type, uint16_t line, uint32_t value)
{
	return gpio_request(&s->vmm, type, line, value).status;
}

static void assert_back(struct session *s, uint16_t head, uint8_t status)
{
	/* Before the request was answered, so there is nothing to wait for. */
	assert_true(ring_has_used(&s->vmm.rings[VMM_EVENTQ]));
	assert_event(s, head, status);
}

static void buffer_before_none(void **state)
{
	static const uint32_t types[] = { GPIO_IRQ_RISING, GPIO_IRQ_FALLING, GPIO_IRQ_BOTH, GPIO_IRQ_HIGH };
	struct session *s = *state;
	uint16_t head;

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(gpio_set_irq_type(&s->vmm, 2, types[i]), GPIO_OK);
		head = gpio_event_send(&s->vmm, 2);
		assert_int_equal(request(s, GPIO_SET_IRQ_TYPE, 2, GPIO_IRQ_NONE), GPIO_OK);
		assert_back(s, head, GPIO_EVENT_INVALID);
	}
	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_RISING), GPIO_OK);
	head = gpio_event_send(&s->vmm, 2);
	assert_int_equal(request(s, GPIO_SET_DIRECTION, 2, GPIO_NONE), GPIO_OK);
	assert_back(s, head, GPIO_EVENT_INVALID);
}

/* What was latched by then is told, and not forgotten with the type. */
static void buffer_before_another_type(void **state)
{
	struct session *s = *state;
	uint16_t head;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 1);
	session_settle(s);
	head = gpio_event_send(&s->vmm, 1);
	assert_int_equal(request(s, GPIO_SET_IRQ_TYPE, 1, GPIO_IRQ_FALLING), GPIO_OK);
	assert_event(s, head, GPIO_EVENT_VALID);
}

/* On, a buffer, off: the kicks in either order, none of them waited for. */
static void on_and_off(struct session *s, unsigned rounds)
{
	struct ring *requestq = &s->vmm.rings[VMM_REQUESTQ], *eventq = &s->vmm.rings[VMM_EVENTQ];

	for (unsigned i = 0; i < rounds; i++) {
		const uint16_t line = i % 8;
		uint16_t head;

		assert_int_equal(gpio_set_irq_type(&s->vmm, line, GPIO_IRQ_BOTH), GPIO_OK);
		head = gpio_event_send(&s->vmm, line);
		gpio_send(&s->vmm, GPIO_SET_IRQ_TYPE, line, GPIO_IRQ_NONE);
		ring_notify(i & 8 ? eventq : requestq);
		ring_notify(i & 8 ? requestq : eventq);
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(requestq)).status, GPIO_OK);
		assert_back(s, head, GPIO_EVENT_INVALID);
		assert_false(ring_has_used(eventq));
	}
}

static void on_and_off_with(struct session *s, unsigned ring_size)
{
	const char *rounds = getenv("TEST_ROUNDS");

	vmm_deinit(&s->vmm);
	vmm_init(&s->vmm, ring_size);
	vmm_start(&s->vmm, session_socket(s));
	on_and_off(s, rounds ? (unsigned)atoi(rounds) : session_rounds(300, 50));
}

/* A split ring has a power of two; a request has two descriptors. */
static void on_and_off_loses_no_buffer(void **state)
{
	struct session *s = *state;

	for (unsigned size = 2; size <= 32768; size *= 2) {
		on_and_off_with(s, size);
		if (size < 32768 && s->vmm.features & FEATURE(VIRTIO_F_RING_PACKED))
			on_and_off_with(s, size * 3 / 2);
	}
}

/* More of them than a turn takes. */
static void many_buffers_before_none(void **state)
{
	enum { LINES = 600 };
	struct session *s = *state;
	uint16_t heads[LINES];

	vmm_start(&s->vmm, session_socket(s));
	s->vmm.layout = RING_INDIRECT;
	if (session_buffers(s, 1024) < LINES)
		skip_because("the ring has no space for so many chains without indirect descriptors");
	for (uint16_t i = 0; i < LINES; i++)
		heads[i] = gpio_event_send(&s->vmm, i);
	assert_int_equal(request(s, GPIO_SET_IRQ_TYPE, LINES - 1, GPIO_IRQ_NONE), GPIO_OK);
	assert_back(s, heads[LINES - 1], GPIO_EVENT_INVALID);
	/* All of these at the cost of the ring of requests. */
	for (uint16_t i = 0; i < LINES - 1; i++)
		gpio_send(&s->vmm, GPIO_SET_IRQ_TYPE, i, GPIO_IRQ_NONE);
	ring_notify(&s->vmm.rings[VMM_REQUESTQ]);
	for (uint16_t i = 0; i < LINES - 1; i++) {
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(&s->vmm.rings[VMM_REQUESTQ])).status, GPIO_OK);
		assert_event(s, heads[i], GPIO_EVENT_INVALID);
	}
}

static int setup_1024(void **state)
{
	return session_setup_with(state, "s1024", 1024);
}

static uint64_t eventq_sum(struct session *s)
{
	const struct ring *ring = &s->vmm.rings[VMM_EVENTQ];

	return memory_sum(&s->vmm.memory, ring->desc, ring->used - ring->desc + 6 + 8 * VMM_RING_SIZE) +
	       memory_sum(&s->vmm.memory, ring->slots, (uint64_t)VMM_RING_SIZE * RING_SLOT_SIZE);
}

/* A ring that does not run is not looked at: the buffers go back when it does. */
static void none_while_the_eventq_is_disabled(void **state)
{
	struct session *s = *state;
	uint16_t held = gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING), sent, quiet;
	uint64_t sum;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_RISING), GPIO_OK);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 3, GPIO_IRQ_RISING), GPIO_OK);
	vmm_ring_enable(&s->vmm, VMM_EVENTQ, false);
	sent = gpio_event_send(&s->vmm, 2);
	quiet = gpio_event_send(&s->vmm, 3);
	sum = eventq_sum(s);
	for (uint16_t line = 1; line < 3; line++)
		assert_int_equal(request(s, GPIO_SET_IRQ_TYPE, line, GPIO_IRQ_NONE), GPIO_OK);
	session_settle(s);
	assert_int_equal(eventq_sum(s), sum);
	vmm_ring_enable(&s->vmm, VMM_EVENTQ, true);
	assert_event(s, held, GPIO_EVENT_INVALID);
	assert_event(s, sent, GPIO_EVENT_INVALID);
	assert_no_event(s);
	/* That is all that was owed. */
	line_pulse(s, 3);
	assert_event(s, quiet, GPIO_EVENT_VALID);
	held = gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	line_pulse(s, 1);
	assert_event(s, held, GPIO_EVENT_VALID);
}

/* What could not go back yet goes back also when the worker dies in between. */
static void none_and_then_another_worker(void **state)
{
	struct session *s = *state;
	uint16_t sent, quiet;

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_RISING), GPIO_OK);
		assert_int_equal(gpio_set_irq_type(&s->vmm, 3, GPIO_IRQ_RISING), GPIO_OK);
		vmm_ring_enable(&s->vmm, VMM_EVENTQ, false);
		sent = gpio_event_send(&s->vmm, 2);
		quiet = gpio_event_send(&s->vmm, 3);
		assert_int_equal(request(s, GPIO_SET_IRQ_TYPE, 2, GPIO_IRQ_NONE), GPIO_OK);
		session_take_over(s);
		vmm_ring_enable(&s->vmm, VMM_EVENTQ, true);
		assert_event(s, sent, GPIO_EVENT_INVALID);
		assert_no_event(s);
		line_pulse(s, 3);
		assert_event(s, quiet, GPIO_EVENT_VALID);
		/* Once. */
		sent = gpio_arm(&s->vmm, 2, GPIO_IRQ_RISING);
		line_pulse(s, 2);
		assert_event(s, sent, GPIO_EVENT_VALID);
	}
}

static int setup_mortal(void **state)
{
	return session_mortal(state, session_setup_started(state));
}

/* Nothing was there by then: nothing is owed to what comes later. */
static void none_before_any_buffer(void **state)
{
	struct session *s = *state;
	uint16_t head;

	vmm_ring_enable(&s->vmm, VMM_EVENTQ, false);
	assert_int_equal(request(s, GPIO_SET_IRQ_TYPE, 1, GPIO_IRQ_NONE), GPIO_OK);
	vmm_ring_enable(&s->vmm, VMM_EVENTQ, true);
	session_settle(s);
	head = gpio_unmask(&s->vmm, 1);
	assert_no_event(s);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

/* A ring that was set up and not kicked yet, or whose only kick is QEMU's: request_irq() begins with NONE. */
static void none_before_the_first_buffer(void **state)
{
	struct session *s = *state;
	uint16_t head;

	for (unsigned i = 0; i < 4; i++) {
		vmm_disconnect(&s->vmm);
		session_prepare(s, VMM_FEATURES);
		for (unsigned j = 0; j < VMM_RINGS; j++) {
			ring_reset(&s->vmm.rings[j]);
			vmm_ring_setup(&s->vmm, j, ring_first_base(&s->vmm.rings[j]));
			vmm_ring_enable(&s->vmm, j, true);
			if (i % 2 || j == VMM_REQUESTQ)
				ring_kick(&s->vmm.rings[j]);
		}
		assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_NONE), GPIO_OK);
		head = gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
		line_pulse(s, 1);
		assert_event(s, head, GPIO_EVENT_VALID);
	}
}

/* A new eventq whose fd came signalled, as QEMU's do: the driver's own kick may be unread, or not be there yet. */
static void none_on_a_new_ring(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];

	fds_only(s);
	for (unsigned i = 0; i < 40; i++) {
		uint16_t head;

		vmm_disconnect(&s->vmm);
		session_prepare(s, VMM_FEATURES);
		for (unsigned j = 0; j < VMM_RINGS; j++) {
			ring_reset(&s->vmm.rings[j]);
			ring_new_kick_fd(&s->vmm.rings[j]);
			ring_kick(&s->vmm.rings[j]);
			vmm_ring_setup(&s->vmm, j, ring_first_base(&s->vmm.rings[j]));
			vmm_ring_enable(&s->vmm, j, true);
		}
		assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
		session_settle(s);
		head = gpio_event_send(&s->vmm, 1);
		gpio_send(&s->vmm, GPIO_SET_IRQ_TYPE, 1, GPIO_IRQ_NONE);
		ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
		if (i % 4)
			ring_kick(eventq);
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(&s->vmm.rings[VMM_REQUESTQ])).status, GPIO_OK);
		if (i % 4 == 0) {
			/* The driver may be in the midst of adding it. */
			assert_no_event(s);
			ring_kick(eventq);
		}
		assert_event(s, head, GPIO_EVENT_INVALID);
		assert_no_event(s);
	}
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("G-65", buffer_before_none),
		STARTED("G-56 G-69", buffer_before_another_type),
		STARTED("G-65 X-07", on_and_off_loses_no_buffer),
		ROW_TEST_FIXTURE("G-65", many_buffers_before_none, setup_1024, session_teardown),
		STARTED("G-65 V-76", none_while_the_eventq_is_disabled),
		ROW_TEST_FIXTURE("G-65 V-76 S-01", none_and_then_another_worker, setup_mortal, session_teardown),
		STARTED("G-65 G-73", none_before_any_buffer),
		STARTED("G-63 G-65 X-07", none_before_the_first_buffer),
		STARTED("G-65 V-63", none_on_a_new_ring),
	};

	return session_run("irq_order", tests, sizeof(tests) / sizeof(tests[0]));
}
