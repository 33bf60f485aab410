/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/lines_reconnect: a front-end that goes away, what is seen of its lines meanwhile, and its return. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "lines_fixture.h"

static void disconnect(struct fixture *fixture)
{
	lines_reconnect_save(&fixture->lines);
	assert_journal(fixture, "");
	idle_state_enter_noted(&fixture->lines);
}

static const uint8_t idle_states[] = { LINE_IDLE_RELEASED, LINE_IDLE_INPUT, LINE_IDLE_OUTPUT_LOW, LINE_IDLE_OUTPUT_HIGH,
				       LINE_IDLE_HOLD };

/* By idle state: what the chip is asked for when the front-end goes, and when it is back. "": nothing, so no glitch. */
static void an_output(void **state)
{
	static const char *const asked[][2] = {
		{ "3:release ", "3:out1 " }, { "3:in ", "3:out1 " }, { "3:out0 ", "3:out1 " }, { "", "" }, { "", "" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(idle_states); i++) {
		fixture->rules[3].on_disconnect = idle_states[i];
		fixture_reattach(fixture, LINES_BEGIN_FIRST);
		ask(fixture, SET_VALUE, 3, 1);
		ask(fixture, SET_DIR, 3, OUT);
		fake_chip_journal(&fixture->fake);
		disconnect(fixture);
		assert_journal(fixture, asked[i][0]);
		assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(NONE));
		lines_reconnect_restore(&fixture->lines);
		assert_journal(fixture, asked[i][1]);
		assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(OUT));
		assert_int_equal(fixture->fake.lines[3].config.value, 1);
	}
}

/* A value that was set ahead, and a line that nobody used. */
static void what_is_no_output_yet(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_VALUE, 2, 1);
	disconnect(fixture);
	lines_reconnect_restore(&fixture->lines);
	assert_journal(fixture, "");
	ask(fixture, SET_DIR, 2, OUT);
	assert_int_equal(fixture->fake.lines[2].config.value, 1);
	ask(fixture, SET_DIR, 4, OUT);
	assert_int_equal(fixture->fake.lines[4].config.value, 0);
}

static void armed(struct fixture *fixture, enum line_idle_state idle, unsigned type)
{
	fixture->rules[1].on_disconnect = (uint8_t)idle;
	fixture_reattach(fixture, LINES_BEGIN_FIRST);
	ask(fixture, SET_IRQ, 1, type);
	give(fixture, 1);
	fake_chip_journal(&fixture->fake);
	irqs(fixture);
}

/* The line stays what it is, its edges are looked for until there is one. It is told when the buffer is there again. */
static void an_edge_meanwhile(void **state)
{
	static const enum line_idle_state inputs[] = { LINE_IDLE_HOLD, LINE_IDLE_INPUT };
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 2; i++) {
		armed(fixture, inputs[i], IRQ_TYPE_EDGE_RISING);
		disconnect(fixture);
		assert_journal(fixture, "");
		assert_int_equal(fixture->fake.lines[1].config.edges, CHIP_EDGE_RISING);
		pulse(fixture, 1);
		assert_int_equal(irqs(fixture), 0);
		assert_int_equal(fixture->fake.lines[1].config.edges, CHIP_EDGE_NONE);
		pulse(fixture, 1);
		fake_chip_journal(&fixture->fake);
		lines_reconnect_restore(&fixture->lines);
		assert_int_equal(fixture->fake.lines[1].config.edges, CHIP_EDGE_RISING);
		assert_int_equal(give(fixture, 1), IRQ_FIRE);
		lines_fired(&fixture->lines, 1);
		assert_int_equal(give(fixture, 1), IRQ_NOTHING);
		pulse(fixture, 1);
		assert_int_equal(irqs(fixture), 1);
		lines_fired(&fixture->lines, 1);
	}
}

static void no_edge_meanwhile(void **state)
{
	struct fixture *fixture = *state;

	armed(fixture, LINE_IDLE_HOLD, IRQ_TYPE_EDGE_BOTH);
	disconnect(fixture);
	lines_reconnect_restore(&fixture->lines);
	assert_journal(fixture, "");
	assert_int_equal(give(fixture, 1), IRQ_NOTHING);
}

/* Released, nobody sees it; and of a level nothing is to be seen before the guest is back. */
static void what_is_not_looked_for(void **state)
{
	struct fixture *fixture = *state;

	armed(fixture, LINE_IDLE_RELEASED, IRQ_TYPE_EDGE_RISING);
	disconnect(fixture);
	assert_journal(fixture, "1:release ");
	lines_reconnect_restore(&fixture->lines);
	assert_int_equal(give(fixture, 1), IRQ_NOTHING);

	armed(fixture, LINE_IDLE_HOLD, IRQ_TYPE_LEVEL_HIGH);
	disconnect(fixture);
	assert_int_equal(fixture->fake.lines[1].config.edges, CHIP_EDGE_NONE);
	wire(fixture, 1, true);
	lines_reconnect_restore(&fixture->lines);
	assert_int_equal(give(fixture, 1), IRQ_FIRE);
}

/* The next one is another: the note is gone, and no edges are asked for. */
static void a_reset_forgets(void **state)
{
	struct fixture *fixture = *state;

	armed(fixture, LINE_IDLE_HOLD, IRQ_TYPE_EDGE_RISING);
	ask(fixture, SET_VALUE, 2, 1);
	disconnect(fixture);
	pulse(fixture, 1);
	idle_state_enter(&fixture->lines);
	assert_int_equal(fixture->fake.lines[1].config.edges, CHIP_EDGE_NONE);
	lines_reconnect_restore(&fixture->lines);
	assert_int_equal(ask(fixture, GET_VALUE, 1, 0), ERR);
	ask(fixture, SET_IRQ, 1, IRQ_TYPE_EDGE_RISING);
	assert_int_equal(give(fixture, 1), IRQ_NOTHING);
	ask(fixture, SET_DIR, 2, OUT);
	assert_int_equal(fixture->fake.lines[2].config.value, 0);
}

/* The process dies before or after each step; the next one does it again, or goes on. */
static void over_dead_processes(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned again = 0; again < 8; again++) {
		armed(fixture, LINE_IDLE_HOLD, IRQ_TYPE_EDGE_RISING);
		lines_reconnect_save(&fixture->lines);
		idle_state_enter_noted(&fixture->lines);
		if (again & 1) {
			fixture_reattach(fixture, LINES_BEGIN_RESUME);
			idle_state_enter_noted(&fixture->lines);
		}
		pulse(fixture, 1);
		if (again & 2)
			fixture_reattach(fixture, LINES_BEGIN_RESUME);
		lines_reconnect_restore(&fixture->lines);
		if (again & 4) {
			fixture_reattach(fixture, LINES_BEGIN_RESUME);
			lines_reconnect_restore(&fixture->lines);
		}
		assert_int_equal(give(fixture, 1), IRQ_FIRE);
		lines_fired(&fixture->lines, 1);
		assert_int_equal(give(fixture, 1), IRQ_NOTHING);
	}
}

/* An edge after the return is not lost to a successor that returns once more. */
static void edge_after_the_return(void **state)
{
	struct fixture *fixture = *state;

	armed(fixture, LINE_IDLE_HOLD, IRQ_TYPE_EDGE_RISING);
	disconnect(fixture);
	lines_reconnect_restore(&fixture->lines);
	pulse(fixture, 1);
	lines_reconnect_restore(&fixture->lines);
	assert_int_equal(give(fixture, 1), IRQ_FIRE);
}

/* What cannot have been under the line's rules, or at all. */
static void a_note_that_makes_no_sense(void **state)
{
	static const struct reconnect_note bad[] = {
		{ .direction = 3 },
		{ .direction = GPIO_DIRECTION_IN, .value = 2 },
		{ .irq.type = 7 },
		{ .direction = GPIO_DIRECTION_OUT, .irq.type = IRQ_TYPE_EDGE_RISING },
		{ .direction = GPIO_DIRECTION_OUT }, /* the rules say so */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (int dies = 0; dies < 2; dies++) {
			fixture->rules[6].no_output = true;
			fixture_reattach(fixture, LINES_BEGIN_FIRST);
			disconnect(fixture);
			fixture->memory[6].note = bad[i];
			if (dies)
				fixture_reattach(fixture, LINES_BEGIN_RESUME);
			lines_reconnect_restore(&fixture->lines);
			assert_int_equal(ask(fixture, GET_DIR, 6, 0), OK(NONE));
			assert_false(fixture->fake.lines[6].held);
		}
	}
}

/* Somebody else has taken the line: for the guest it is still its own, and can be taken anew. */
static void a_line_that_is_refused(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 3, OUT);
	fake_chip_journal(&fixture->fake);
	disconnect(fixture);
	fixture->fake.fail_configure = -EBUSY;
	lines_reconnect_restore(&fixture->lines);
	assert_false(fixture->fake.lines[3].held);
	fixture->fake.fail_configure = 0;
	assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(OUT));
	fake_chip_journal(&fixture->fake);
	assert_int_equal(ask(fixture, SET_DIR, 3, OUT), OK(0));
	assert_journal(fixture, "3:out0 ");
}

#define LEAVE(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAVE("S-07 G-95", an_output),
		LEAVE("S-07", what_is_no_output_yet),
		LEAVE("S-05", an_edge_meanwhile),
		LEAVE("S-05", no_edge_meanwhile),
		LEAVE("S-06", what_is_not_looked_for),
		LEAVE("S-08", a_reset_forgets),
		LEAVE("S-05 S-08", over_dead_processes),
		LEAVE("S-05", edge_after_the_return),
		LEAVE("S-08", a_note_that_makes_no_sense),
		LEAVE("S-07", a_line_that_is_refused),
	};

	return cmocka_run_group_tests_name("gpio/lines_reconnect", tests, NULL, NULL);
}
