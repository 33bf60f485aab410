/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Interrupts: SET_IRQ_TYPE and the eventq (VirtIO GPIO, "Set IRQ Type" and "eventq Operation"). */
#include "session.h"

static void not_negotiated_is_an_error(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];

	vmm_start_with(&s->vmm, session_socket(s), VMM_FEATURES & ~FEATURE(VIRTIO_GPIO_F_IRQ));
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_ERR);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_ERR);
	gpio_event_send(&s->vmm, 0);
	ring_kick(eventq);
	line_pulse(s, 0);
	assert_no_event(s);
	assert_serving(s);
}

static void types(void **state)
{
	struct session *s = *state;

	for (uint32_t type = 0; type <= 16; type++) {
		bool valid = type <= 4 || type == 8;

		assert_int_equal(gpio_set_irq_type(&s->vmm, 0, type), valid ? GPIO_OK : GPIO_ERR);
		assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
	}
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, 0x100), GPIO_ERR);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, 0x10001), GPIO_ERR);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, 0x80000004), GPIO_ERR);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, 0xffffffff), GPIO_ERR);
}

static void each_edge_type_fires_at_its_edges(void **state)
{
	static const struct {
		uint32_t type;
		bool rising, falling;
	} table[] = { { GPIO_IRQ_RISING, true, false },
		      { GPIO_IRQ_FALLING, false, true },
		      { GPIO_IRQ_BOTH, true, true } };
	struct session *s = *state;

	for (unsigned i = 0; i < 3; i++) {
		uint16_t line = (uint16_t)i, head = gpio_arm(&s->vmm, line, table[i].type);

		for (unsigned round = 0; round < 4; round++) {
			int level = round % 2 == 0;

			line_drive(s, line, level);
			if (level ? table[i].rising : table[i].falling) {
				assert_event(s, head, GPIO_EVENT_VALID);
				head = gpio_unmask(&s->vmm, line);
			}
			assert_no_event(s);
		}
	}
}

static void event_is_signalled(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	uint64_t calls = ring_calls(eventq), before = ring_calls(&s->vmm.rings[VMM_REQUESTQ]);
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	before = ring_calls(&s->vmm.rings[VMM_REQUESTQ]);
	line_drive(s, 0, 1);
	ring_wait_calls(eventq, calls + 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_int_equal(ring_calls(eventq), calls + 1);
	assert_int_equal(ring_calls(&s->vmm.rings[VMM_REQUESTQ]), before);
}

static void without_a_buffer_nothing_is_sent(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 0);
	assert_no_event(s);
}

static void edge_while_masked_is_latched(void **state)
{
	struct session *s = *state;
	uint16_t head;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 0);
	head = gpio_unmask(&s->vmm, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void latch_holds_one_edge(void **state)
{
	struct session *s = *state;
	uint16_t head;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_BOTH), GPIO_OK);
	for (unsigned i = 0; i < 5; i++)
		line_pulse(s, 0);
	head = gpio_unmask(&s->vmm, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	head = gpio_unmask(&s->vmm, 0);
	assert_no_event(s);
	line_drive(s, 0, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void edge_of_the_other_kind_is_not_latched(void **state)
{
	struct session *s = *state;

	line_drive(s, 0, 1);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	line_drive(s, 0, 0);
	gpio_unmask(&s->vmm, 0);
	assert_no_event(s);
}

static void level_types_fire_at_their_level(void **state)
{
	static const uint32_t table[] = { GPIO_IRQ_HIGH, GPIO_IRQ_LOW };
	struct session *s = *state;

	for (uint16_t line = 0; line < 2; line++) {
		int active = table[line] == GPIO_IRQ_HIGH;
		uint16_t head;

		line_drive(s, line, !active);
		head = gpio_arm(&s->vmm, line, table[line]);
		assert_no_event(s);
		line_drive(s, line, active);
		assert_event(s, head, GPIO_EVENT_VALID);
		line_drive(s, line, !active);
		head = gpio_unmask(&s->vmm, line);
		assert_no_event(s);
		line_drive(s, line, active);
		assert_event(s, head, GPIO_EVENT_VALID);
	}
}

static void level_is_not_latched(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_HIGH), GPIO_OK);
	line_pulse(s, 0);
	gpio_unmask(&s->vmm, 0);
	assert_no_event(s);
}

static void level_still_active_fires_again(void **state)
{
	struct session *s = *state;
	uint16_t head;

	line_drive(s, 0, 1);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_HIGH), GPIO_OK);
	for (unsigned i = 0; i < 3; i++) {
		head = gpio_unmask(&s->vmm, 0);
		assert_event(s, head, GPIO_EVENT_VALID);
	}
	line_drive(s, 0, 0);
	head = gpio_unmask(&s->vmm, 0);
	assert_no_event(s);
	line_drive(s, 0, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void level_active_when_enabled_fires_the_held_buffer(void **state)
{
	struct session *s = *state;
	uint16_t head;

	line_drive(s, 0, 1);
	head = gpio_unmask(&s->vmm, 0);
	assert_no_event(s);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_HIGH), GPIO_OK);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void masked_again_after_delivery(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	line_pulse(s, 0);
	line_pulse(s, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_no_event(s);
}

static void buffers_complete_in_any_order(void **state)
{
	static const unsigned order[] = { 1, 2, 0 };
	struct session *s = *state;
	uint16_t heads[3];

	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	for (unsigned i = 0; i < 3; i++) {
		line_drive(s, order[i], 1);
		assert_event(s, heads[order[i]], GPIO_EVENT_VALID);
	}
}

static void requeued_at_once_is_never_invalid(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);

	for (unsigned i = 0; i < session_rounds(3000, 100); i++) {
		line_drive(s, 0, i % 2 == 0);
		assert_event(s, head, GPIO_EVENT_VALID);
		head = gpio_unmask(&s->vmm, 0);
	}
	assert_no_event(s);
}

static void none_discards_the_latch(void **state)
{
	struct session *s = *state;
	uint16_t head;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 0);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
	line_pulse(s, 0);
	head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	assert_no_event(s);
	line_pulse(s, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void none_returns_the_held_buffer(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
	assert_event(s, head, GPIO_EVENT_INVALID);
	line_pulse(s, 0);
	assert_no_event(s);
}

static void no_valid_after_the_answer_to_none(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	struct outside second;
	unsigned valid = 0;

	outside_open(&second, s->daemon.control);
	for (unsigned i = 0; i < session_rounds(500, 100); i++) {
		uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);
		struct gpio_event event;
		bool late;

		outside_set_async(&second, "guest0.0", i % 2 == 0);
		assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
		late = !ring_has_used(eventq);
		event = gpio_event_wait(&s->vmm);
		assert_int_equal(event.head, head);
		assert_int_equal(event.used_len, 1);
		if (late)
			assert_int_equal(event.status, GPIO_EVENT_INVALID);
		valid += event.status == GPIO_EVENT_VALID;
		outside_set_finish(&second);
		assert_false(ring_has_used(eventq));
	}
	outside_close(&second);
	print_message("%u of %u edges came first\n", valid, session_rounds(500, 100));
}

static void none_on_none_and_the_same_type_again(void **state)
{
	struct session *s = *state;
	uint16_t head;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 1);
	/* No side effect: the latch is still there, then the buffer is still held. */
	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
	head = gpio_unmask(&s->vmm, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	head = gpio_unmask(&s->vmm, 1);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
	assert_no_event(s);
	line_pulse(s, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void another_type_takes_effect(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_FALLING), GPIO_OK);
	line_drive(s, 0, 1);
	assert_no_event(s);
	line_drive(s, 0, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	/* What was latched for the old type is not told as if it were of the new one. */
	line_pulse(s, 0);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	gpio_unmask(&s->vmm, 0);
	assert_no_event(s);
}

static void output_has_no_interrupt(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_ERR);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_OUT);
	assert_int_equal(line_level(s, 0), 1);
	/* Nor may a line with an interrupt become one; its interrupt goes on. */
	gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_ERR);
	line_drive(s, 1, 1);
	assert_int_equal(gpio_event_wait(&s->vmm).status, GPIO_EVENT_VALID);
}

static void line_without_direction_has_interrupts(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 6, GPIO_IRQ_FALLING);

	line_pulse(s, 6);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void input_keeps_its_interrupt(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_get_value(&s->vmm, 0), 0);
	line_drive(s, 0, 1);
	assert_int_equal(gpio_get_value(&s->vmm, 0), 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("G-50 G-51 X-23", not_negotiated_is_an_error),
		STARTED("G-52", types),
		STARTED("G-53", each_edge_type_fires_at_its_edges),
		STARTED("G-60", event_is_signalled),
		STARTED("G-55", without_a_buffer_nothing_is_sent),
		STARTED("G-56", edge_while_masked_is_latched),
		STARTED("G-57", latch_holds_one_edge),
		STARTED("G-53 G-56", edge_of_the_other_kind_is_not_latched),
		STARTED("G-54", level_types_fire_at_their_level),
		STARTED("G-58", level_is_not_latched),
		STARTED("G-59", level_still_active_fires_again),
		STARTED("G-54 G-73", level_active_when_enabled_fires_the_held_buffer),
		STARTED("G-61", masked_again_after_delivery),
		STARTED("G-62", buffers_complete_in_any_order),
		STARTED("G-63", requeued_at_once_is_never_invalid),
		STARTED("G-64", none_discards_the_latch),
		STARTED("G-65", none_returns_the_held_buffer),
		STARTED("G-66", no_valid_after_the_answer_to_none),
		STARTED("G-67 G-68 X-07", none_on_none_and_the_same_type_again),
		STARTED("G-69 X-08", another_type_takes_effect),
		STARTED("G-70", output_has_no_interrupt),
		STARTED("G-71 X-09", line_without_direction_has_interrupts),
		STARTED("G-41", input_keeps_its_interrupt),
	};

	return session_run("irq", tests, sizeof(tests) / sizeof(tests[0]));
}
