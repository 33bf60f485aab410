/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/lines: requests for directions and values, and failures of the host. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "lines_fixture.h"

static void unknown_types(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned type = 0; type <= 0xffff; type++) {
		if (type < NAMES || type > SET_IRQ)
			assert_int_equal(ask(fixture, type, 0, 0), ERR);
	}
	assert_int_equal(ask(fixture, NAMES, 0, 0), ERR);
	assert_journal(fixture, "");
}

static void line_out_of_range(void **state)
{
	static const unsigned lines[] = { FAKE_LINES, FAKE_LINES + 1, 0x8000, 0xffff };
	struct fixture *fixture = *state;

	for (unsigned type = GET_DIR; type <= SET_IRQ; type++) {
		for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
			assert_int_equal(ask(fixture, type, lines[i], 1), ERR);
	}
	assert_int_equal(ask(fixture, GET_DIR, FAKE_LINES - 1, 0), OK(NONE));
	assert_journal(fixture, "");
}

static void direction_is_the_configured_one(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, GET_DIR, 3, 0xffffffff), OK(NONE));
	assert_int_equal(ask(fixture, SET_DIR, 3, IN), OK(0));
	assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(IN));
	assert_int_equal(ask(fixture, SET_DIR, 3, OUT), OK(0));
	assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(OUT));
	assert_int_equal(ask(fixture, SET_DIR, 3, NONE), OK(0));
	assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(NONE));
	assert_journal(fixture, "3:in 3:out0 3:release ");
	assert_int_equal(fixture->changes, 3);
}

static void direction_of_other_values(void **state)
{
	static const uint32_t values[] = { 3, 4, 0x100, 0x101, 0x102, 0x10000, 0x10001, 0x80000001, 0xffffffff };
	struct fixture *fixture = *state;

	ask(fixture, SET_VALUE, 3, 1);
	ask(fixture, SET_DIR, 3, OUT);
	assert_journal(fixture, "3:out1 ");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_int_equal(ask(fixture, SET_DIR, 3, values[i]), ERR);
		assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(OUT));
	}
	assert_journal(fixture, "");
}

static void value_before_direction(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, SET_VALUE, 3, 1), OK(0));
	assert_journal(fixture, "");
	assert_int_equal(ask(fixture, SET_DIR, 3, OUT), OK(0));
	assert_journal(fixture, "3:out1 ");
}

static void value_of_an_input_is_kept(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, IN);
	assert_int_equal(ask(fixture, SET_VALUE, 3, 1), OK(0));
	assert_int_equal(ask(fixture, GET_VALUE, 3, 0), OK(0));
	assert_journal(fixture, "3:in 3:get ");
	assert_int_equal(ask(fixture, SET_DIR, 3, OUT), OK(0));
	assert_journal(fixture, "3:out1 ");
}

static void value_of_an_output_is_driven(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, OUT);
	for (unsigned value = 0; value < 4; value++) {
		assert_int_equal(ask(fixture, SET_VALUE, 3, value & 1), OK(0));
		assert_int_equal(ask(fixture, GET_VALUE, 3, 0), OK(value & 1));
	}
	assert_journal(fixture, "3:out0 3:set0 3:get 3:set1 3:get 3:set0 3:get 3:set1 3:get ");
}

static void value_of_other_values(void **state)
{
	static const uint32_t values[] = { 2, 3, 0x100, 0x101, 0x10000, 0x80000000, 0xffffffff };
	struct fixture *fixture = *state;

	for (int out = 0; out < 2; out++) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			assert_int_equal(ask(fixture, SET_VALUE, 3, values[i]), ERR);
		ask(fixture, SET_DIR, 3, OUT);
	}
	assert_journal(fixture, "3:out0 3:out0 ");
}

static void output_without_a_value(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, SET_DIR, 3, OUT), OK(0));
	assert_journal(fixture, "3:out0 ");
}

static void get_value_is_sensed(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, IN);
	wire(fixture, 3, true);
	assert_int_equal(ask(fixture, GET_VALUE, 3, 0xffffffff), OK(1));
	wire(fixture, 3, false);
	assert_int_equal(ask(fixture, GET_VALUE, 3, 1), OK(0));
}

static void get_value_of_an_inactive_line(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, GET_VALUE, 3, 0), ERR);
	ask(fixture, SET_VALUE, 3, 1);
	assert_int_equal(ask(fixture, GET_VALUE, 3, 0), ERR);
	assert_journal(fixture, "");
	/* With an interrupt alone the chip holds it as an input. */
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	wire(fixture, 3, true);
	assert_int_equal(ask(fixture, GET_VALUE, 3, 0), OK(1));
	assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(NONE));
}

static void value_outlives_input(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, OUT);
	ask(fixture, SET_VALUE, 3, 1);
	ask(fixture, SET_DIR, 3, IN);
	ask(fixture, SET_DIR, 3, OUT);
	assert_journal(fixture, "3:out0 3:set1 3:in 3:out1 ");
}

static void none_discards_everything(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_VALUE, 3, 1);
	ask(fixture, SET_DIR, 3, IN);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	wire(fixture, 3, true); /* latched */
	ask(fixture, SET_DIR, 2, OUT);
	ask(fixture, SET_DIR, 4, OUT);
	fake_chip_journal(&fixture->fake);
	assert_int_equal(ask(fixture, SET_DIR, 3, NONE), OK(0));
	assert_journal(fixture, "3:release ");
	assert_int_equal(irqs(fixture), 0);
	assert_int_equal(fixture->memory[3].direction | fixture->memory[3].value | fixture->memory[3].irq.type |
				 fixture->memory[3].irq.latched | fixture->memory[3].irq.unmasked,
			 0);

	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_BOTH), OK(0));
	assert_int_equal(lines_unmask(&fixture->lines, 3), IRQ_NOTHING);
	assert_int_equal(ask(fixture, SET_DIR, 3, NONE), OK(0));
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(fixture->irq_line, 3);
	assert_int_equal(fixture->irq_action, IRQ_INVALID);
	assert_int_equal(ask(fixture, SET_DIR, 3, OUT), OK(0));
	assert_journal(fixture, "3:in+rf 3:release 3:out0 ");

	/* A buffer that came while the type was NONE is returned too. */
	assert_int_equal(lines_unmask(&fixture->lines, 3), IRQ_NOTHING);
	ask(fixture, SET_DIR, 3, NONE);
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(fixture->irq_action, IRQ_INVALID);
}

static void none_twice(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, SET_DIR, 3, NONE), OK(0));
	ask(fixture, SET_DIR, 3, IN);
	assert_int_equal(ask(fixture, SET_DIR, 3, NONE), OK(0));
	assert_int_equal(ask(fixture, SET_DIR, 3, NONE), OK(0));
	assert_journal(fixture, "3:in 3:release ");
}

static void none_then_in_again(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(fixture, SET_DIR, 3, IN), OK(0));
		assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING), OK(0));
		assert_int_equal(lines_unmask(&fixture->lines, 3), IRQ_NOTHING);
		assert_int_equal(ask(fixture, SET_DIR, 3, NONE), OK(0));
		assert_int_equal(irqs(fixture), 1);
		assert_int_equal(ask(fixture, SET_DIR, 3, IN), OK(0));
		assert_journal(fixture, i == 0 ? "3:in 3:in+r 3:release 3:in " : "3:in+r 3:release 3:in ");
	}
}

static void directions_repeated(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, IN);
	assert_int_equal(ask(fixture, SET_DIR, 3, IN), OK(0));
	assert_journal(fixture, "3:in ");
	ask(fixture, SET_VALUE, 3, 1);
	ask(fixture, SET_DIR, 3, OUT);
	assert_int_equal(ask(fixture, SET_DIR, 3, OUT), OK(0));
	assert_journal(fixture, "3:out1 3:out1 ");
}

/* Each operation fails in turn; each answer is ERR and the line is as it was. */
static void host_failures(void **state)
{
	static const int errors[] = { -EBUSY, -EIO, -ENODEV };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fixture->fake.fail_configure = errors[i];
		assert_int_equal(ask(fixture, SET_DIR, 3, IN), ERR);
		assert_int_equal(ask(fixture, SET_DIR, 3, OUT), ERR);
		assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING), ERR);
		assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(NONE));
		fixture->fake.fail_configure = 0;

		assert_int_equal(ask(fixture, SET_DIR, 3, OUT), OK(0));
		fixture->fake.fail_set = errors[i];
		assert_int_equal(ask(fixture, SET_VALUE, 3, 1), ERR);
		fixture->fake.fail_set = 0;
		fixture->fake.fail_configure = errors[i];
		assert_int_equal(ask(fixture, SET_DIR, 3, IN), ERR);
		fixture->fake.fail_configure = 0;
		assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(OUT));
		fake_chip_journal(&fixture->fake);
		assert_int_equal(ask(fixture, SET_DIR, 3, OUT), OK(0));
		assert_journal(fixture, "3:out0 ");

		assert_int_equal(ask(fixture, SET_DIR, 3, IN), OK(0));
		fixture->fake.fail_get = errors[i];
		assert_int_equal(ask(fixture, GET_VALUE, 3, 0), ERR);
		fixture->fake.fail_get = 0;
		assert_int_equal(ask(fixture, GET_VALUE, 3, 0), OK(0));
		assert_int_equal(ask(fixture, SET_DIR, 3, NONE), OK(0));
	}
}

static void level_for_monitors(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(lines_level(&fixture->lines, 3), -EPERM);
	ask(fixture, SET_VALUE, 3, 1);
	ask(fixture, SET_DIR, 3, OUT);
	assert_int_equal(lines_level(&fixture->lines, 3), 1);
	assert_int_equal(lines_level(&fixture->lines, FAKE_LINES), -EINVAL);
	fixture->lines.host.changed = NULL;
	assert_int_equal(ask(fixture, SET_DIR, 3, IN), OK(0));
}

static void reset_releases_all(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_VALUE, 1, 1);
	ask(fixture, SET_DIR, 2, OUT);
	ask(fixture, SET_DIR, 3, IN);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	ask(fixture, SET_IRQ, 5, IRQ_TYPE_LEVEL_LOW);
	lines_unmask(&fixture->lines, 3);
	fake_chip_journal(&fixture->fake);
	irqs(fixture);
	idle_state_enter(&fixture->lines);
	assert_journal(fixture, "2:release 3:release 5:release ");
	assert_int_equal(irqs(fixture), 0);
	for (unsigned i = 0; i < FAKE_LINES; i++)
		assert_int_equal(ask(fixture, GET_DIR, i, 0), OK(NONE));
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING), OK(0));
	assert_int_equal(lines_unmask(&fixture->lines, 3), IRQ_NOTHING);
	wire(fixture, 3, true);
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(ask(fixture, SET_DIR, 1, OUT), OK(0));
	assert_journal(fixture, "3:in+r 1:out0 ");
}

/* What a successor finds when the process dies while the chip does what it was told. */
static struct line_state found[FAKE_LINES];

static void memory_copy(void *ctx)
{
	const struct fixture *fixture = ctx;

	memcpy(found, fixture->memory, sizeof(found));
}

static void die_in(struct fixture *fixture, unsigned type, uint32_t value)
{
	fixture->fake.ctx = fixture;
	fixture->fake.in_operation = memory_copy;
	assert_int_equal(ask(fixture, type, 2, value), OK(0));
	memcpy(fixture->memory, found, sizeof(found));
	fixture->stored_fds[2] = 7;
	fake_chip_journal(&fixture->fake);
	fixture_reattach(fixture, LINES_BEGIN_RESUME);
	fixture->fake.in_operation = NULL;
}

/* The chip may have done it: the successor sets what is coming, and not what was before. */
static void outputs_do_not_go_back(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_VALUE, 2, 1);
	fake_chip_journal(&fixture->fake);
	die_in(fixture, SET_DIR, OUT);
	assert_journal(fixture, "2:adopt7+out1 ");
	die_in(fixture, SET_VALUE, 0);
	assert_journal(fixture, "2:adopt7+out0 ");
	assert_int_equal(ask(fixture, SET_VALUE, 2, 0), OK(0));
	fake_chip_journal(&fixture->fake);
	die_in(fixture, SET_DIR, IN);
	assert_journal(fixture, "2:adopt7+in ");
	assert_int_equal(ask(fixture, SET_DIR, 2, OUT), OK(0));
	die_in(fixture, SET_DIR, NONE);
	assert_null(strstr(fake_chip_journal(&fixture->fake), "out"));
}

#define LINES_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINES_TEST("G-11 G-17 G-20", unknown_types),
		LINES_TEST("G-11 G-18", line_out_of_range),
		LINES_TEST("G-22 G-23 G-40", direction_is_the_configured_one),
		LINES_TEST("G-11 G-24", direction_of_other_values),
		LINES_TEST("G-25", value_before_direction),
		LINES_TEST("G-26", value_of_an_input_is_kept),
		LINES_TEST("G-27 G-30", value_of_an_output_is_driven),
		LINES_TEST("G-11 G-28", value_of_other_values),
		LINES_TEST("G-29", output_without_a_value),
		LINES_TEST("G-30 G-40", get_value_is_sensed),
		LINES_TEST("G-31", get_value_of_an_inactive_line),
		LINES_TEST("G-32", value_outlives_input),
		LINES_TEST("G-33", none_discards_everything),
		LINES_TEST("G-34", none_twice),
		LINES_TEST("G-35", none_then_in_again),
		LINES_TEST("G-23", directions_repeated),
		LINES_TEST("G-39", host_failures),
		LINES_TEST("G-30", level_for_monitors),
		LINES_TEST("S-07", outputs_do_not_go_back),
		LINES_TEST("G-91 G-93 G-94", reset_releases_all),
	};

	return cmocka_run_group_tests_name("gpio/lines", tests, NULL, NULL);
}
