/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/lines: SET_IRQ_TYPE on a line that has a type, a latch, a buffer or a direction. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "lines_fixture.h"

static void none_discards_the_latch(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, IN);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	pulse(fixture, 3);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE), OK(0));
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING), OK(0));
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	assert_journal(fixture, "3:in 3:in+r 3:in 3:in+r ");
}

static void none_returns_the_buffer(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, IN);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	give(fixture, 3);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE), OK(0));
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(fixture->irq_action, IRQ_INVALID);
	/* An edge that was on its way: no VALID after the answer. */
	edge_comes(fixture, 3, CHIP_EDGE_RISING, true);
	assert_int_equal(irqs(fixture), 0);
	assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(IN));
}

static void none_on_none(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE), OK(0));
	ask(fixture, SET_DIR, 3, OUT);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE), OK(0));
	assert_int_equal(irqs(fixture), 0);
	assert_journal(fixture, "3:out0 ");
	/* With a buffer that was given meanwhile. */
	give(fixture, 3);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE), OK(0));
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(fixture->irq_action, IRQ_INVALID);
}

static void same_type_again(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	pulse(fixture, 3);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING), OK(0));
	assert_journal(fixture, "3:in+r ");
	assert_int_equal(give(fixture, 3), IRQ_FIRE);
	assert_int_equal(give(fixture, 3), IRQ_NOTHING);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING), OK(0));
	assert_int_equal(irqs(fixture), 0);
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 1);
}

static void another_type(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	pulse(fixture, 3);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_FALLING), OK(0));
	assert_int_equal(give(fixture, 3), IRQ_NOTHING); /* the latch is gone */
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 0);
	wire(fixture, 3, false);
	assert_int_equal(irqs(fixture), 1);
	/* A held buffer stays, and fires at once for an active level. */
	give(fixture, 3);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING), OK(0));
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_LEVEL_LOW), OK(0));
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(fixture->irq_action, IRQ_FIRE);
}

static void interrupt_and_output(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_VALUE, 3, 1);
	ask(fixture, SET_DIR, 3, OUT);
	for (uint32_t type = 1; type <= 8; type++)
		assert_int_equal(ask(fixture, SET_IRQ, 3, type), ERR);
	assert_int_equal(ask(fixture, GET_VALUE, 3, 0), OK(1));
	assert_journal(fixture, "3:out1 3:get ");

	ask(fixture, SET_DIR, 4, IN);
	ask(fixture, SET_IRQ, 4, IRQ_TYPE_EDGE_RISING);
	assert_int_equal(ask(fixture, SET_DIR, 4, OUT), ERR);
	assert_int_equal(ask(fixture, GET_DIR, 4, 0), OK(IN));
	assert_journal(fixture, "4:in 4:in+r ");
	ask(fixture, SET_IRQ, 4, IRQ_TYPE_NONE);
	assert_int_equal(ask(fixture, SET_DIR, 4, OUT), OK(0));
}

static void interrupt_without_direction(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING), OK(0));
	assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(NONE));
	give(fixture, 3);
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE), OK(0));
	assert_journal(fixture, "3:in+r 3:release ");

	/* A direction that comes later keeps the edges, and what is latched. */
	wire(fixture, 3, false);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	wire(fixture, 3, true);
	assert_int_equal(ask(fixture, SET_DIR, 3, IN), OK(0));
	assert_journal(fixture, "3:in+r ");
	assert_int_equal(give(fixture, 3), IRQ_FIRE);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE), OK(0));
	assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(IN));
	assert_journal(fixture, "3:in ");
}

#define LINES_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINES_TEST("G-64", none_discards_the_latch),
		LINES_TEST("G-65 G-66", none_returns_the_buffer),
		LINES_TEST("G-67", none_on_none),
		LINES_TEST("G-68", same_type_again),
		LINES_TEST("G-69", another_type),
		LINES_TEST("G-70", interrupt_and_output),
		LINES_TEST("G-71", interrupt_without_direction),
	};

	return cmocka_run_group_tests_name("gpio/lines, irq types", tests, NULL, NULL);
}
