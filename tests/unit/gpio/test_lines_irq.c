/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/lines: interrupts, from the request to the edge and back. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "lines_fixture.h"

static void not_negotiated(void **state)
{
	struct fixture *fixture = *state;

	fixture->lines.irq_enabled = false;
	for (uint32_t type = 0; type < 9; type++)
		assert_int_equal(ask(fixture, SET_IRQ, 3, type), ERR);
	assert_journal(fixture, "");
}

static void which_types(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, IN);
	for (uint32_t type = 0; type <= 0x20; type++) {
		bool valid = type <= 4 || type == 8;

		assert_int_equal(ask(fixture, SET_IRQ, 3, type), valid ? OK(0) : ERR);
	}
	assert_int_equal(ask(fixture, SET_IRQ, 3, 0x10001), ERR);
	assert_int_equal(ask(fixture, SET_IRQ, 3, 0x10000), ERR);
	assert_int_equal(ask(fixture, SET_IRQ, 3, 0xffffffff), ERR);
	assert_int_equal(fixture->memory[3].irq.type, IRQ_TYPE_LEVEL_LOW);
	assert_journal(fixture, "3:in 3:in+r 3:in+f 3:in+rf 3:in+rf 3:get 3:in+rf 3:get ");
}

static void edge_types(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, IN);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(fixture->irq_line, 3);
	assert_int_equal(fixture->irq_action, IRQ_FIRE);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	wire(fixture, 3, false);
	assert_int_equal(irqs(fixture), 0);

	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_FALLING);
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 0);
	wire(fixture, 3, false);
	assert_int_equal(irqs(fixture), 1);

	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_BOTH);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	wire(fixture, 3, false);
	assert_int_equal(irqs(fixture), 1);
}

static void masked_latched_and_delivered_once(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, IN);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	for (int i = 0; i < 5; i++)
		pulse(fixture, 3);
	assert_int_equal(irqs(fixture), 0);
	assert_int_equal(give(fixture, 3), IRQ_FIRE);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	pulse(fixture, 3);
	pulse(fixture, 3);
	assert_int_equal(irqs(fixture), 1);
}

static void level_high(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, IN);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_LEVEL_HIGH);
	pulse(fixture, 3);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	assert_int_equal(irqs(fixture), 0);
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(give(fixture, 3), IRQ_FIRE);
	wire(fixture, 3, false);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	assert_int_equal(irqs(fixture), 0);
}

static void level_low(void **state)
{
	struct fixture *fixture = *state;

	/* The buffer first, as Linux does, and the level is active: at once. */
	ask(fixture, SET_DIR, 3, IN);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_LEVEL_LOW), OK(0));
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(fixture->irq_action, IRQ_FIRE);
	wire(fixture, 3, true);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	wire(fixture, 3, false);
	assert_int_equal(irqs(fixture), 1);
}

/* An edge that waited in the chip while the level went back does not fire a level type. */
static void level_type_looks_at_the_present(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_IRQ, 3, IRQ_TYPE_LEVEL_HIGH);
	give(fixture, 3);
	edge_comes(fixture, 3, CHIP_EDGE_RISING, true);
	assert_int_equal(irqs(fixture), 0);
	fixture->fake.lines[3].level = true;
	edge_comes(fixture, 3, CHIP_EDGE_FALLING, false);
	assert_int_equal(irqs(fixture), 1);
	fake_chip_journal(&fixture->fake);
	/* Masked, or of an edge type: nobody has to look. */
	edge_comes(fixture, 3, CHIP_EDGE_RISING, true);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	give(fixture, 3);
	edge_comes(fixture, 3, CHIP_EDGE_RISING, true);
	assert_journal(fixture, "3:in+r ");
}

static void buffers_of_several_lines(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < FAKE_LINES; i++) {
		ask(fixture, SET_IRQ, i, IRQ_TYPE_EDGE_RISING);
		assert_int_equal(give(fixture, i), IRQ_NOTHING);
	}
	for (unsigned i = FAKE_LINES; i-- > 0;) {
		wire(fixture, i, true);
		assert_int_equal(irqs(fixture), 1);
		assert_int_equal(fixture->irq_line, i);
	}
}

static void requeued_at_once(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_BOTH);
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(give(fixture, 3), IRQ_NOTHING);
		wire(fixture, 3, !(i & 1));
		assert_int_equal(irqs(fixture), 1);
		assert_int_equal(fixture->irq_action, IRQ_FIRE);
	}
}

static void buffer_without_interrupt(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(give(fixture, 3), IRQ_NOTHING);
		pulse(fixture, 3);
		assert_int_equal(irqs(fixture), 0);
		ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
		assert_int_equal(irqs(fixture), 0);
		wire(fixture, 3, true);
		assert_int_equal(irqs(fixture), 1);
		wire(fixture, 3, false);
		ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE);
	}
}

static void second_buffer(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	assert_int_equal(give(fixture, 3), IRQ_INVALID);
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 1);
}

static void buffer_out_of_range(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(give(fixture, FAKE_LINES), IRQ_INVALID);
	assert_int_equal(give(fixture, 0xffff), IRQ_INVALID);
	edge_comes(fixture, FAKE_LINES, CHIP_EDGE_RISING, true);
	edge_comes(fixture, 0x10003, CHIP_EDGE_RISING, true);
	assert_int_equal(irqs(fixture), 0);
}

static void queue_stops(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	ask(fixture, SET_IRQ, 4, IRQ_TYPE_EDGE_RISING);
	give(fixture, 3);
	give(fixture, 4);
	lines_mask_all(&fixture->lines);
	assert_int_equal(irqs(fixture), 0);
	pulse(fixture, 3);
	assert_int_equal(irqs(fixture), 0);
	assert_int_equal(give(fixture, 3), IRQ_FIRE);
	assert_int_equal(give(fixture, 4), IRQ_NOTHING);
	wire(fixture, 4, true);
	assert_int_equal(irqs(fixture), 1);
}

static void host_failures(void **state)
{
	struct fixture *fixture = *state;

	/* Enabling: as it was. */
	ask(fixture, SET_DIR, 3, IN);
	give(fixture, 3);
	fixture->fake.fail_configure = -EIO;
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING), ERR);
	assert_int_equal(irqs(fixture), 0);
	assert_int_equal(fixture->memory[3].irq.type, IRQ_TYPE_NONE);
	fixture->fake.fail_configure = 0;
	/* A level that cannot be read: as it was, the chip too. */
	fixture->fake.fail_get = -EIO;
	fake_chip_journal(&fixture->fake);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_LEVEL_LOW), ERR);
	assert_journal(fixture, "3:in+rf 3:get 3:in ");
	assert_int_equal(ask(fixture, SET_IRQ, 4, IRQ_TYPE_LEVEL_LOW), ERR);
	assert_journal(fixture, "4:in+rf 4:get 4:release ");
	assert_int_equal(fixture->memory[3].irq.type, IRQ_TYPE_NONE);
	fixture->fake.fail_get = 0;
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING), OK(0));
	/* Disabling: as it was, the buffer is still held. */
	fixture->fake.fail_configure = -EIO;
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE), ERR);
	assert_int_equal(irqs(fixture), 0);
	fixture->fake.fail_configure = 0;
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 1);
	/* Later looks at a level that cannot be read: not active. */
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_LEVEL_HIGH), OK(0));
	fixture->fake.fail_get = -EIO;
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	edge_comes(fixture, 3, CHIP_EDGE_RISING, true);
	assert_int_equal(irqs(fixture), 0);
}

static void requests_while_armed(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	give(fixture, 3);
	for (int i = 0; i < 100; i++)
		assert_int_equal(ask(fixture, GET_VALUE, 3, 0), OK(0));
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 1);
}

#define LINES_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINES_TEST("G-50", not_negotiated),
		LINES_TEST("G-52", which_types),
		LINES_TEST("G-53 G-60", edge_types),
		LINES_TEST("G-55 G-56 G-57 G-61", masked_latched_and_delivered_once),
		LINES_TEST("G-54 G-58 G-59", level_high),
		LINES_TEST("G-54 G-59", level_low),
		LINES_TEST("G-58", level_type_looks_at_the_present),
		LINES_TEST("G-62 G-78", buffers_of_several_lines),
		LINES_TEST("G-63", requeued_at_once),
		LINES_TEST("G-73 G-74", buffer_without_interrupt),
		LINES_TEST("G-75", second_buffer),
		LINES_TEST("G-76", buffer_out_of_range),
		LINES_TEST("G-90 G-92", queue_stops),
		LINES_TEST("G-39", host_failures),
		LINES_TEST("G-41", requests_while_armed),
	};

	return cmocka_run_group_tests_name("gpio/lines, interrupts", tests, NULL, NULL);
}
