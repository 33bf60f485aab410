/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Resets: by rings that start from 0 again, by RESET_DEVICE, by a status of 0. Nothing of the old driver is left. */
#include "session.h"

static void reset_forgets_interrupts(void **state)
{
	struct session *s = *state;
	uint16_t head;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 1);
	vmm_stop(&s->vmm);
	vmm_restart(&s->vmm);
	/* The old head means nothing in the new ring, the type is NONE, the latch is empty. */
	line_pulse(s, 0);
	assert_no_event(s);
	head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	assert_no_event(s);
	line_pulse(s, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	head = gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	assert_no_event(s);
	line_pulse(s, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void reset_releases_lines(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	vmm_stop(&s->vmm);
	vmm_restart(&s->vmm);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
	assert_int_equal(line_level(s, 0), 0);
}

/* Base 0 after a higher one is a reset, also when the index was about to wrap to 0. */
static void reset_near_the_wrap(void **state)
{
	static const uint16_t bases[] = { 1000, 32767, 32768, 65200, 65300, 65500, 65530 };
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		vmm_stop(&s->vmm);
		for (unsigned j = 0; j < VMM_RINGS; j++) {
			ring_start_at(&s->vmm.rings[j], bases[i]);
			s->vmm.base[j] = ring_base(&s->vmm.rings[j]);
		}
		vmm_resume(&s->vmm);
		assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
		gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
		vmm_stop(&s->vmm);
		vmm_restart(&s->vmm);
		if (gpio_get_direction(&s->vmm, 0) != GPIO_NONE)
			fail_msg("a reset at %u was not noticed", bases[i] + 2);
		line_pulse(s, 1);
		assert_no_event(s);
	}
}

/* The eventq from 0 again, the requestq runs on: buffers that were held are not held in the new ring. */
static void eventq_alone_from_new(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	uint16_t head;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	assert_int_equal(vmm_ring_stop(&s->vmm, VMM_EVENTQ), ring_base(eventq));
	ring_reset(eventq);
	vmm_ring_setup(&s->vmm, VMM_EVENTQ, 0);
	ring_kick(eventq);
	line_pulse(s, 0);
	assert_no_event(s);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
	head = gpio_unmask(&s->vmm, 1);
	assert_no_event(s);
	line_pulse(s, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void reset_leaves_old_rings_alone(void **state)
{
	struct session *s = *state;
	uint64_t sum;

	for (uint16_t i = 0; i < 8; i++)
		gpio_arm(&s->vmm, i, GPIO_IRQ_BOTH);
	vmm_stop(&s->vmm);
	sum = memory_sum(&s->vmm.memory, s->vmm.rings[1].slots, 0x10000);
	for (unsigned i = 0; i < 8; i++)
		line_pulse(s, i);
	session_settle(s);
	assert_int_equal(memory_sum(&s->vmm.memory, s->vmm.rings[1].slots, 0x10000), sum);
	vmm_restart(&s->vmm);
	for (unsigned i = 0; i < 8; i++)
		line_pulse(s, i);
	assert_no_event(s);
	assert_int_equal(memory_sum(&s->vmm.memory, s->vmm.rings[1].slots, 0x10000), sum);
}

static void reset_device(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	uint64_t sum;
	uint16_t head;

	for (unsigned round = 0; round < 3; round++) {
		uint8_t config[8];

		assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
		assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
		gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
		assert_ok(message_send_u64(c, VU_SET_STATUS, 0xf));
		assert_ok(message_send(c, VU_RESET_DEVICE, NULL, 0, NULL, 0));
		assert_int_equal(message_get_u64(c, VU_GET_STATUS), 0);
		sum = memory_sum(&s->vmm.memory, s->vmm.rings[1].slots, 0x10000);
		assert_int_equal(line_level(s, 1), 0);
		line_pulse(s, 0);
		session_settle(s);
		assert_int_equal(memory_sum(&s->vmm.memory, s->vmm.rings[1].slots, 0x10000), sum);
		/* Connection and protocol features stay. */
		assert_int_equal(message_get_config(c, 0, 8, config), 0);
		assert_ok(message_send_u64(c, VU_SET_FEATURES, s->vmm.features));
		vmm_restart(&s->vmm);
		assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
		head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
		assert_no_event(s);
		line_pulse(s, 0);
		assert_event(s, head, GPIO_EVENT_VALID);
	}
}

static void reset_device_disables_rings(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	assert_ok(message_send(&s->vmm.connection, VU_RESET_DEVICE, NULL, 0, NULL, 0));
	ring_reset(ring);
	vmm_ring_setup(&s->vmm, 0, 0);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(ring);
	assert_true(ring_silent(ring, SILENT_MS));
	vmm_ring_enable(&s->vmm, 0, true);
	ring_wait(ring);
}

static void status_0_is_a_reset(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	assert_ok(message_send_u64(c, VU_SET_STATUS, 0xf));
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_ok(message_send_u64(c, VU_SET_STATUS, 0));
	assert_int_equal(message_get_u64(c, VU_GET_STATUS), 0);
	assert_int_equal(line_level(s, 1), 0);
	vmm_stop(&s->vmm);
	vmm_restart(&s->vmm);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("G-91 X-27", reset_forgets_interrupts), STARTED("G-93", reset_releases_lines),
		STARTED("G-91 X-27", reset_near_the_wrap),	STARTED("G-91 V-61", eventq_alone_from_new),
		STARTED("G-90", reset_leaves_old_rings_alone),	STARTED("V-94 PF-13", reset_device),
		STARTED("V-94", reset_device_disables_rings),	STARTED("V-95", status_0_is_a_reset),
	};

	return session_run("reset", tests, sizeof(tests) / sizeof(tests[0]));
}
