/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a guest with Zephyr's driver sees. */
#include "zephyr.h"

/* All interrupts are taken until none comes any more: the callbacks were called that often. */
static void assert_fired(struct zephyr *z, unsigned line, unsigned fired)
{
	zephyr_wait_fired(z, line, fired);
	assert_no_event(z->s);
	assert_int_equal(z->lines[line].fired, fired);
}

static void input_and_output(struct zephyr *z)
{
	zephyr_output(z, 0, 1);
	assert_int_equal(line_level(z->s, 0), 1);
	assert_int_equal(zephyr_get(z, 0), 1);
	assert_true(zephyr_request(z, GPIO_SET_VALUE, 0, 0));
	assert_int_equal(line_level(z->s, 0), 0);
	assert_int_equal(zephyr_get(z, 0), 0);
	assert_true(zephyr_request(z, GPIO_SET_DIRECTION, 1, GPIO_IN));
	for (uint8_t level = 2; level-- > 0;) {
		line_drive(z->s, 1, level);
		session_settle(z->s);
		assert_int_equal(zephyr_get(z, 1), level);
	}
	/* An input that becomes an output is given its value while it is an input. */
	zephyr_output(z, 1, 1);
	assert_int_equal(line_level(z->s, 1), 1);
	assert_true(zephyr_request(z, GPIO_SET_DIRECTION, 1, GPIO_NONE));
	assert_false(zephyr_request(z, GPIO_GET_DIRECTION, ZEPHYR_LINES, 0));
}

/* Without interrupts there is no second ring at all. */
static void one_ring(void **state)
{
	struct zephyr z;

	zephyr_probe(&z, *state, false);
	input_and_output(&z);
	assert_false(zephyr_request(&z, GPIO_SET_IRQ_TYPE, 2, GPIO_IRQ_RISING));
}

static void edges(void **state)
{
	static const struct {
		uint32_t type;
		unsigned fired[2]; /* by the rising edge, by the falling one */
	} rows[] = { { GPIO_IRQ_RISING, { 1, 0 } }, { GPIO_IRQ_FALLING, { 0, 1 } }, { GPIO_IRQ_BOTH, { 1, 1 } } };
	struct zephyr z;

	zephyr_probe(&z, *state, true);
	input_and_output(&z);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned fired = z.lines[2].fired;

		/* Another type without NONE between: the buffer that is held goes on. */
		zephyr_irq(&z, 2, rows[i].type);
		for (unsigned edge = 0; edge < 2; edge++) {
			line_drive(z.s, 2, edge == 0);
			assert_fired(&z, 2, fired += rows[i].fired[edge]);
		}
	}
	/* An edge ahead of the interrupt handler is told when that re-arms. */
	zephyr_irq(&z, 3, GPIO_IRQ_RISING);
	line_pulse(z.s, 3);
	line_pulse(z.s, 3);
	assert_fired(&z, 3, 2);
}

/* Re-armed at once, a level interrupt comes again and again; the driver's thread has its turn all the same. */
static void levels(void **state)
{
	struct zephyr z;
	unsigned fired;

	zephyr_probe(&z, *state, true);
	for (unsigned low = 0; low < 2; low++) {
		line_drive(z.s, 2, (int)low);
		zephyr_irq(&z, 2, low ? GPIO_IRQ_LOW : GPIO_IRQ_HIGH);
		assert_fired(&z, 2, fired = z.lines[2].fired);
		line_drive(z.s, 2, !low);
		zephyr_wait_fired(&z, 2, fired + 20);
		assert_int_equal(zephyr_get(&z, 2), !low);
		zephyr_irq(&z, 2, GPIO_IRQ_NONE);
		assert_fired(&z, 2, z.lines[2].fired);
		assert_false(z.lines[2].queued);
	}
}

static void disable_and_enable(void **state)
{
	struct zephyr z;

	zephyr_probe(&z, *state, true);
	zephyr_irq(&z, 4, GPIO_IRQ_NONE);
	for (unsigned i = 1; i <= 3; i++) {
		zephyr_irq(&z, 4, GPIO_IRQ_RISING);
		line_pulse(z.s, 4);
		assert_fired(&z, 4, i);
		assert_int_equal(zephyr_event_status(&z, 4), GPIO_EVENT_VALID);
		zephyr_irq(&z, 4, GPIO_IRQ_NONE);
		/* By the interrupt of the answer: the next enabling finds the buffer back. */
		assert_false(z.lines[4].queued);
		assert_int_equal(z.lines[4].invalid, i);
		assert_int_equal(zephyr_event_status(&z, 4), GPIO_EVENT_INVALID);
		line_pulse(z.s, 4);
		assert_fired(&z, 4, i);
	}
}

/* Zephyr does not disable the interrupt before, and gives the buffer that comes back to the device again. */
static void disconnect_an_armed_line(void **state)
{
	struct zephyr z;

	zephyr_probe(&z, *state, true);
	assert_true(zephyr_request(&z, GPIO_SET_DIRECTION, 5, GPIO_IN));
	zephyr_irq(&z, 5, GPIO_IRQ_RISING);
	assert_true(zephyr_request(&z, GPIO_SET_DIRECTION, 5, GPIO_NONE));
	for (unsigned i = 0; i < 5; i++) {
		session_settle(z.s);
		zephyr_interrupt(&z);
	}
	assert_no_event(z.s);
	assert_in_range(z.lines[5].invalid, 1, 2);
	zephyr_irq(&z, 5, GPIO_IRQ_RISING);
	line_pulse(z.s, 5);
	assert_fired(&z, 5, 1);
}

static void arm_all(struct zephyr *z)
{
	for (unsigned line = 0; line < ZEPHYR_LINES; line++)
		zephyr_irq(z, line, GPIO_IRQ_RISING);
	assert_int_equal(z->queues[VMM_EVENTQ].n_free, 0);
}

static void fire_all(struct zephyr *z, unsigned fired)
{
	for (unsigned line = 0; line < ZEPHYR_LINES; line++)
		line_pulse(z->s, line);
	for (unsigned line = 0; line < ZEPHYR_LINES; line++)
		assert_fired(z, line, fired);
	assert_int_equal(z->queues[VMM_EVENTQ].n_free, 0);
}

static void full_ring(void **state)
{
	struct zephyr z;

	zephyr_probe(&z, *state, true);
	arm_all(&z);
	for (unsigned i = 1; i <= 10; i++)
		fire_all(&z, i);
	session_take_over(z.s);
	fire_all(&z, 11);
}

/* The guest boots again in the same memory; no message but GET_VRING_BASE says so. */
static void boots_again(void **state)
{
	struct zephyr z;

	zephyr_probe(&z, *state, true);
	for (unsigned i = 0; i < 3; i++) {
		input_and_output(&z);
		assert_true(zephyr_request(&z, GPIO_SET_DIRECTION, 0, GPIO_NONE));
		arm_all(&z);
		fire_all(&z, 1);
		vmm_stop(&z.s->vmm);
		zephyr_boot(&z);
		zephyr_start(&z);
		line_pulse(z.s, 6);
		assert_no_event(z.s);
		zephyr_irq(&z, 6, GPIO_IRQ_RISING);
		assert_fired(&z, 6, 0);
		zephyr_irq(&z, 6, GPIO_IRQ_NONE);
		z.lines[6] = (struct zephyr_line){ 0 };
	}
}

static int setup_mortal(void **state)
{
	return session_mortal(state, session_setup(state));
}

#define ZEPHYR_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ZEPHYR_TEST("X-50 X-51 G-26 G-50", one_ring),
		ZEPHYR_TEST("X-51 X-52 G-56", edges),
		ZEPHYR_TEST("X-52 G-59", levels),
		ZEPHYR_TEST("X-51 G-65", disable_and_enable),
		ZEPHYR_TEST("X-52 G-74", disconnect_an_armed_line),
		ROW_TEST_FIXTURE("X-50 G-78 S-03 S-04", full_ring, setup_mortal, session_teardown),
		ZEPHYR_TEST("X-53 G-91", boots_again),
	};

	return session_run("zephyr", tests, sizeof(tests) / sizeof(tests[0]));
}
