/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/lines_reconnect: a front-end that goes away, what is seen of its lines meanwhile, and its return. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "lines_fixture.h"

static void disconnect(struct bench *bench)
{
	lines_reconnect_save(&bench->lines);
	assert_journal(bench, "");
	idle_state_enter_noted(&bench->lines);
}

static const uint8_t idle_states[] = { LINE_IDLE_RELEASED, LINE_IDLE_INPUT, LINE_IDLE_OUTPUT_LOW, LINE_IDLE_OUTPUT_HIGH,
				       LINE_IDLE_HOLD };

/* By idle state: what the chip is asked for when the front-end goes, and when it is back. "": nothing, so no glitch. */
static void an_output(void **state)
{
	static const char *const asked[][2] = {
		{ "3:release ", "3:out1 " }, { "3:in ", "3:out1 " }, { "3:out0 ", "3:out1 " }, { "", "" }, { "", "" },
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(idle_states); i++) {
		bench->rules[3].on_disconnect = idle_states[i];
		bench_reattach(bench, LINES_BEGIN_FIRST);
		ask(bench, SET_VALUE, 3, 1);
		ask(bench, SET_DIR, 3, OUT);
		fake_chip_journal(&bench->fake);
		disconnect(bench);
		assert_journal(bench, asked[i][0]);
		assert_int_equal(ask(bench, GET_DIR, 3, 0), OK(NONE));
		lines_reconnect_restore(&bench->lines);
		assert_journal(bench, asked[i][1]);
		assert_int_equal(ask(bench, GET_DIR, 3, 0), OK(OUT));
		assert_int_equal(bench->fake.lines[3].config.value, 1);
	}
}

/* A value that was set ahead, and a line that nobody used. */
static void what_is_no_output_yet(void **state)
{
	struct bench *bench = *state;

	ask(bench, SET_VALUE, 2, 1);
	disconnect(bench);
	lines_reconnect_restore(&bench->lines);
	assert_journal(bench, "");
	ask(bench, SET_DIR, 2, OUT);
	assert_int_equal(bench->fake.lines[2].config.value, 1);
	ask(bench, SET_DIR, 4, OUT);
	assert_int_equal(bench->fake.lines[4].config.value, 0);
}

static void armed(struct bench *bench, enum line_idle_state idle, unsigned type)
{
	bench->rules[1].on_disconnect = (uint8_t)idle;
	bench_reattach(bench, LINES_BEGIN_FIRST);
	ask(bench, SET_IRQ, 1, type);
	give(bench, 1);
	fake_chip_journal(&bench->fake);
	irqs(bench);
}

/* The line stays what it is, its edges are looked for until there is one. It is told when the buffer is there again. */
static void an_edge_meanwhile(void **state)
{
	static const enum line_idle_state inputs[] = { LINE_IDLE_HOLD, LINE_IDLE_INPUT };
	struct bench *bench = *state;

	for (unsigned i = 0; i < 2; i++) {
		armed(bench, inputs[i], IRQ_TYPE_EDGE_RISING);
		disconnect(bench);
		assert_journal(bench, "");
		assert_int_equal(bench->fake.lines[1].config.edges, CHIP_EDGE_RISING);
		pulse(bench, 1);
		assert_int_equal(irqs(bench), 0);
		assert_int_equal(bench->fake.lines[1].config.edges, CHIP_EDGE_NONE);
		pulse(bench, 1);
		fake_chip_journal(&bench->fake);
		lines_reconnect_restore(&bench->lines);
		assert_int_equal(bench->fake.lines[1].config.edges, CHIP_EDGE_RISING);
		assert_int_equal(give(bench, 1), IRQ_FIRE);
		lines_fired(&bench->lines, 1);
		assert_int_equal(give(bench, 1), IRQ_NOTHING);
		pulse(bench, 1);
		assert_int_equal(irqs(bench), 1);
		lines_fired(&bench->lines, 1);
	}
}

static void no_edge_meanwhile(void **state)
{
	struct bench *bench = *state;

	armed(bench, LINE_IDLE_HOLD, IRQ_TYPE_EDGE_BOTH);
	disconnect(bench);
	lines_reconnect_restore(&bench->lines);
	assert_journal(bench, "");
	assert_int_equal(give(bench, 1), IRQ_NOTHING);
}

/* Released, nobody sees it; and of a level nothing is to be seen before the guest is back. */
static void what_is_not_looked_for(void **state)
{
	struct bench *bench = *state;

	armed(bench, LINE_IDLE_RELEASED, IRQ_TYPE_EDGE_RISING);
	disconnect(bench);
	assert_journal(bench, "1:release ");
	lines_reconnect_restore(&bench->lines);
	assert_int_equal(give(bench, 1), IRQ_NOTHING);

	armed(bench, LINE_IDLE_HOLD, IRQ_TYPE_LEVEL_HIGH);
	disconnect(bench);
	assert_int_equal(bench->fake.lines[1].config.edges, CHIP_EDGE_NONE);
	wire(bench, 1, true);
	lines_reconnect_restore(&bench->lines);
	assert_int_equal(give(bench, 1), IRQ_FIRE);
}

/* The next one is another: the note is gone, and no edges are asked for. */
static void a_reset_forgets(void **state)
{
	struct bench *bench = *state;

	armed(bench, LINE_IDLE_HOLD, IRQ_TYPE_EDGE_RISING);
	ask(bench, SET_VALUE, 2, 1);
	disconnect(bench);
	pulse(bench, 1);
	idle_state_enter(&bench->lines);
	assert_int_equal(bench->fake.lines[1].config.edges, CHIP_EDGE_NONE);
	lines_reconnect_restore(&bench->lines);
	assert_int_equal(ask(bench, GET_VALUE, 1, 0), ERR);
	ask(bench, SET_IRQ, 1, IRQ_TYPE_EDGE_RISING);
	assert_int_equal(give(bench, 1), IRQ_NOTHING);
	ask(bench, SET_DIR, 2, OUT);
	assert_int_equal(bench->fake.lines[2].config.value, 0);
}

/* The process dies before or after each step; the next one does it again, or goes on. */
static void over_dead_processes(void **state)
{
	struct bench *bench = *state;

	for (unsigned again = 0; again < 8; again++) {
		armed(bench, LINE_IDLE_HOLD, IRQ_TYPE_EDGE_RISING);
		lines_reconnect_save(&bench->lines);
		idle_state_enter_noted(&bench->lines);
		if (again & 1) {
			bench_reattach(bench, LINES_BEGIN_RESUME);
			idle_state_enter_noted(&bench->lines);
		}
		pulse(bench, 1);
		if (again & 2)
			bench_reattach(bench, LINES_BEGIN_RESUME);
		lines_reconnect_restore(&bench->lines);
		if (again & 4) {
			bench_reattach(bench, LINES_BEGIN_RESUME);
			lines_reconnect_restore(&bench->lines);
		}
		assert_int_equal(give(bench, 1), IRQ_FIRE);
		lines_fired(&bench->lines, 1);
		assert_int_equal(give(bench, 1), IRQ_NOTHING);
	}
}

/* An edge after the return is not lost to a successor that returns once more. */
static void edge_after_the_return(void **state)
{
	struct bench *bench = *state;

	armed(bench, LINE_IDLE_HOLD, IRQ_TYPE_EDGE_RISING);
	disconnect(bench);
	lines_reconnect_restore(&bench->lines);
	pulse(bench, 1);
	lines_reconnect_restore(&bench->lines);
	assert_int_equal(give(bench, 1), IRQ_FIRE);
}

/* What can not have been under the line's rules, or at all. */
static void a_note_that_makes_no_sense(void **state)
{
	static const struct reconnect_note bad[] = {
		{ .direction = 3 },
		{ .direction = GPIO_DIRECTION_IN, .value = 2 },
		{ .irq.type = 7 },
		{ .direction = GPIO_DIRECTION_OUT, .irq.type = IRQ_TYPE_EDGE_RISING },
		{ .direction = GPIO_DIRECTION_OUT }, /* the rules say so */
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (int dies = 0; dies < 2; dies++) {
			bench->rules[6].no_output = true;
			bench_reattach(bench, LINES_BEGIN_FIRST);
			disconnect(bench);
			bench->memory[6].note = bad[i];
			if (dies)
				bench_reattach(bench, LINES_BEGIN_RESUME);
			lines_reconnect_restore(&bench->lines);
			assert_int_equal(ask(bench, GET_DIR, 6, 0), OK(NONE));
			assert_false(bench->fake.lines[6].held);
		}
	}
}

/* Somebody else has taken the line: for the guest it is still its own, and can be taken anew. */
static void a_line_that_is_refused(void **state)
{
	struct bench *bench = *state;

	ask(bench, SET_DIR, 3, OUT);
	fake_chip_journal(&bench->fake);
	disconnect(bench);
	bench->fake.fail_configure = -EBUSY;
	lines_reconnect_restore(&bench->lines);
	assert_false(bench->fake.lines[3].held);
	bench->fake.fail_configure = 0;
	assert_int_equal(ask(bench, GET_DIR, 3, 0), OK(OUT));
	fake_chip_journal(&bench->fake);
	assert_int_equal(ask(bench, SET_DIR, 3, OUT), OK(0));
	assert_journal(bench, "3:out0 ");
}

#define LEAVE(rows, fn) ROW_TEST_FIXTURE(rows, fn, bench_up, bench_down)

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
