/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/idle_state: lines that no guest uses, the end of a session, and a chip that is replugged. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "lines_fixture.h"

/* Line 3 is idle as asked for when the daemon starts. */
static void begin_idle(struct fixture *fixture, enum line_idle_state init)
{
	fixture->rules[3].init = (uint8_t)init;
	fixture_reattach(fixture, LINES_BEGIN_FIRST);
	fake_chip_journal(&fixture->fake);
}

enum present {
	UNUSED,
	IDLE_INPUT,
	IDLE_LOW,
	IDLE_HIGH,
	USED_IN,
	USED_IN_IRQ,
	USED_IRQ,
	USED_OUT0,
	USED_OUT1,
	PRESENT_END,
};

static void present_make(struct fixture *fixture, enum present present)
{
	static const uint8_t init[PRESENT_END] = {
		[IDLE_INPUT] = LINE_IDLE_INPUT,
		[IDLE_LOW] = LINE_IDLE_OUTPUT_LOW,
		[IDLE_HIGH] = LINE_IDLE_OUTPUT_HIGH,
	};

	begin_idle(fixture, init[present]);
	if (present == USED_OUT1)
		ask(fixture, SET_VALUE, 3, 1);
	if (present == USED_OUT0 || present == USED_OUT1)
		ask(fixture, SET_DIR, 3, OUT);
	if (present == USED_IN || present == USED_IN_IRQ)
		ask(fixture, SET_DIR, 3, IN);
	if (present == USED_IN_IRQ || present == USED_IRQ)
		ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	fake_chip_journal(&fixture->fake);
	fixture->changes = 0;
}

/* What a reset makes of each present state: by enum line_idle_state of on_disconnect; "": nothing is asked of the chip. */
static const char *const on_reset[PRESENT_END][LINE_IDLE_HOLD + 1] = {
	[UNUSED] = { "", "3:in ", "3:out0 ", "3:out1 ", "" },
	[IDLE_INPUT] = { "3:release ", "", "3:out0 ", "3:out1 ", "" },
	[IDLE_LOW] = { "3:release ", "3:in ", "", "3:out1 ", "" },
	[IDLE_HIGH] = { "3:release ", "3:in ", "3:out0 ", "", "" },
	[USED_IN] = { "3:release ", "", "3:out0 ", "3:out1 ", "" },
	[USED_IN_IRQ] = { "3:release ", "3:in ", "3:out0 ", "3:out1 ", "3:in " },
	[USED_IRQ] = { "3:release ", "3:in ", "3:out0 ", "3:out1 ", "3:in " },
	[USED_OUT0] = { "3:release ", "3:in ", "", "3:out1 ", "" },
	[USED_OUT1] = { "3:release ", "3:in ", "3:out0 ", "", "" },
};

static void idle_states(void **state)
{
	static const uint8_t held[PRESENT_END] = {
		LINE_IDLE_RELEASED, LINE_IDLE_INPUT, LINE_IDLE_OUTPUT_LOW, LINE_IDLE_OUTPUT_HIGH, LINE_IDLE_INPUT,
		LINE_IDLE_INPUT,    LINE_IDLE_INPUT, LINE_IDLE_OUTPUT_LOW, LINE_IDLE_OUTPUT_HIGH,
	};
	struct fixture *fixture = *state;

	for (unsigned idle = 0; idle <= LINE_IDLE_HOLD; idle++) {
		fixture->rules[3].on_disconnect = (uint8_t)idle;
		for (unsigned present = 0; present < PRESENT_END; present++) {
			uint8_t expected = idle == LINE_IDLE_HOLD ? held[present] : (uint8_t)idle;
			bool seen;

			present_make(fixture, present);
			seen = present >= USED_IN || fixture->memory[3].idle != expected;
			idle_state_enter(&fixture->lines);
			assert_journal(fixture, on_reset[present][idle]);
			assert_int_equal(fixture->changes, seen);
			assert_int_equal(fixture->memory[3].idle, expected);
			assert_int_equal(fixture->fake.lines[3].held, expected != LINE_IDLE_RELEASED);
			/* Once more, and nothing is asked of the chip. */
			idle_state_enter(&fixture->lines);
			assert_journal(fixture, "");
			assert_int_equal(fixture->changes, seen);
			assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(NONE));
			assert_int_equal(ask(fixture, GET_VALUE, 3, 0), ERR);
			assert_journal(fixture, "");
		}
	}
}

/* Each line its own, and what the guest wrote last is what is held. */
static void idle_states_of_many(void **state)
{
	static const uint8_t on_disconnect[FAKE_LINES] = { LINE_IDLE_HOLD,	  LINE_IDLE_RELEASED,
							   LINE_IDLE_INPUT,	  LINE_IDLE_OUTPUT_HIGH,
							   LINE_IDLE_OUTPUT_HIGH, LINE_IDLE_HOLD,
							   LINE_IDLE_RELEASED,	  LINE_IDLE_OUTPUT_LOW };
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < FAKE_LINES; i++) {
		fixture->rules[i].on_disconnect = on_disconnect[i];
		if (i < 6)
			ask(fixture, SET_DIR, i, OUT);
	}
	ask(fixture, SET_VALUE, 0, 1);
	ask(fixture, SET_VALUE, 3, 1);
	fake_chip_journal(&fixture->fake);
	idle_state_enter(&fixture->lines);
	assert_journal(fixture, "1:release 2:in 4:out1 7:out0 ");
	assert_int_equal(fixture->fake.lines[0].config.value, 1);
	assert_int_equal(fixture->fake.lines[5].config.value, 0);
}

/* Buffers, latches and remembered values are gone with the session, whatever the chip holds on. */
static void nothing_of_the_guest_is_held(void **state)
{
	static const struct line_state idle = { .idle = LINE_IDLE_INPUT };
	struct fixture *fixture = *state;

	fixture->rules[3].on_disconnect = LINE_IDLE_HOLD;
	ask(fixture, SET_VALUE, 3, 1);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_RISING);
	pulse(fixture, 3);
	assert_int_equal(fixture->memory[3].irq.latched, 1);
	idle_state_enter(&fixture->lines);
	assert_memory_equal(&fixture->memory[3], &idle, sizeof(idle));
	assert_int_equal(irqs(fixture), 0);
	pulse(fixture, 3);
	assert_int_equal(irqs(fixture), 0);
}

static void an_idle_line_is_seen_as_unused(void **state)
{
	struct fixture *fixture = *state;

	begin_idle(fixture, LINE_IDLE_OUTPUT_HIGH);
	assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(NONE));
	assert_int_equal(ask(fixture, GET_VALUE, 3, 0), ERR);
	/* Nothing that it could give back. */
	assert_int_equal(ask(fixture, SET_DIR, 3, NONE), OK(0));
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE), OK(0));
	assert_int_equal(ask(fixture, SET_VALUE, 3, 0), OK(0));
	assert_journal(fixture, "");
	assert_int_equal(fixture->memory[3].idle, LINE_IDLE_OUTPUT_HIGH);
	assert_int_equal(lines_level(&fixture->lines, 3), 1);
}

static void use_ends_rest(void **state)
{
	static const struct {
		unsigned request;
		uint32_t value;
		const char *journal;
	} uses[] = {
		{ SET_DIR, IN, "3:in 3:release " },
		{ SET_DIR, OUT, "3:out0 3:release " },
		{ SET_IRQ, IRQ_TYPE_EDGE_BOTH, "3:in+rf 3:release " },
		{ SET_IRQ, IRQ_TYPE_LEVEL_HIGH, "3:in+rf 3:get 3:release " },
	};
	struct fixture *fixture = *state;

	for (unsigned init = LINE_IDLE_INPUT; init < LINE_IDLE_HOLD; init++) {
		for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
			begin_idle(fixture, init);
			fixture->changes = 0;
			assert_int_equal(ask(fixture, uses[i].request, 3, uses[i].value), OK(0));
			assert_int_equal(fixture->memory[3].idle, LINE_IDLE_RELEASED);
			assert_int_equal(fixture->changes, 1);
			/* NONE is the guest's own word: the line is free. */
			assert_int_equal(ask(fixture, uses[i].request, 3, NONE), OK(0));
			assert_int_equal(fixture->memory[3].idle, LINE_IDLE_RELEASED);
			assert_journal(fixture, uses[i].journal);
		}
	}
}

static void a_refused_use_changes_no_idle_state(void **state)
{
	struct fixture *fixture = *state;

	fixture->rules[3].on_disconnect = LINE_IDLE_OUTPUT_HIGH;
	begin_idle(fixture, LINE_IDLE_OUTPUT_HIGH);
	fixture->fake.fail_configure = -EIO;
	assert_int_equal(ask(fixture, SET_DIR, 3, IN), ERR);
	assert_int_equal(ask(fixture, SET_DIR, 3, OUT), ERR);
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_BOTH), ERR);
	fixture->fake.fail_configure = 0;
	fixture->fake.fail_get = -EIO;
	assert_int_equal(ask(fixture, SET_IRQ, 3, IRQ_TYPE_LEVEL_LOW), ERR);
	fixture->fake.fail_get = 0;
	assert_journal(fixture, "3:in 3:out0 3:in+rf 3:in+rf 3:get 3:out1 ");
	assert_int_equal(fixture->memory[3].idle, LINE_IDLE_OUTPUT_HIGH);
	idle_state_enter(&fixture->lines);
	assert_journal(fixture, "");
}

/* A use that goes through stderr, so that its log can be read. */
static void reset_logged(struct fixture *fixture, char *text, size_t size)
{
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t len;

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	dup2(fds[1], STDERR_FILENO);
	log_set_level(LOG_LEVEL_WARNING);
	idle_state_enter(&fixture->lines);
	log_set_level(LOG_LEVEL_ERROR);
	dup2(saved, STDERR_FILENO);
	len = read(fds[0], text, size - 1);
	text[len > 0 ? len : 0] = '\0';
	close(fds[0]);
	close(fds[1]);
	close(saved);
}

static void a_refused_idle_state_releases(void **state)
{
	struct fixture *fixture = *state;
	char log[512];

	strcpy(fixture->rules[3].name, "door");
	fixture->rules[3].on_disconnect = LINE_IDLE_OUTPUT_LOW;
	fixture_reattach(fixture, LINES_BEGIN_RESUME);
	ask(fixture, SET_DIR, 3, IN);
	fixture->fake.fail_configure = -EIO;
	fake_chip_journal(&fixture->fake);
	reset_logged(fixture, log, sizeof(log));
	assert_non_null(
		strstr(log, "line 3 \"door\" (fake line 3): set output low on disconnect: Input/output error\n"));
	assert_journal(fixture, "3:out0 3:release ");
	assert_int_equal(fixture->memory[3].idle, LINE_IDLE_RELEASED);
	/* The next end of a session tries again. */
	fixture->fake.fail_configure = 0;
	idle_state_enter(&fixture->lines);
	assert_journal(fixture, "3:out0 ");
	assert_int_equal(fixture->memory[3].idle, LINE_IDLE_OUTPUT_LOW);
}

static void a_replugged_chip_gets_the_idle_state(void **state)
{
	struct fixture *fixture = *state;

	fixture->rules[3].on_disconnect = LINE_IDLE_OUTPUT_LOW;
	ask(fixture, SET_DIR, 3, IN);
	fixture->fake.fail_configure = -ENODEV;
	idle_state_enter(&fixture->lines);
	assert_int_equal(fixture->memory[3].idle, LINE_IDLE_OUTPUT_LOW);
	assert_true(line_chip_is_stale(&fixture->lines, 0));
	fixture->fake.fail_configure = 0;
	fake_chip_journal(&fixture->fake);
	line_chip_restore(&fixture->lines, 0);
	assert_journal(fixture, "3:out0 ");
	assert_false(line_chip_is_stale(&fixture->lines, 0));
	idle_state_enter(&fixture->lines);
	assert_journal(fixture, "");
}

/* What the chip does not hold is not taken for held: the next end of a session tries again. */
static void a_refused_restore_is_not_forgotten(void **state)
{
	struct fixture *fixture = *state;

	fixture->rules[3].on_disconnect = LINE_IDLE_OUTPUT_LOW;
	begin_idle(fixture, LINE_IDLE_OUTPUT_LOW);
	fixture->fake.fail_configure = -EBUSY;
	line_chip_restore(&fixture->lines, 0);
	assert_true(line_chip_is_stale(&fixture->lines, 0));
	fixture->fake.fail_configure = 0;
	fake_chip_journal(&fixture->fake);
	idle_state_enter(&fixture->lines);
	assert_journal(fixture, "3:out0 ");
	assert_false(line_chip_is_stale(&fixture->lines, 0));
}

static void one_chip_of_two_is_restored(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < FAKE_LINES; i++)
		fixture->rules[i].chip = (uint16_t)(i & 1);
	fixture->rules[4].init = LINE_IDLE_OUTPUT_HIGH;
	fixture->rules[5].init = LINE_IDLE_INPUT;
	fixture_reattach(fixture, LINES_BEGIN_FIRST);
	ask(fixture, SET_DIR, 0, OUT);
	ask(fixture, SET_DIR, 1, OUT);
	ask(fixture, SET_IRQ, 2, IRQ_TYPE_EDGE_RISING);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_FALLING);
	fake_chip_journal(&fixture->fake);
	line_chip_restore(&fixture->lines, 1);
	assert_journal(fixture, "1:out0 3:in+f 5:in ");
	line_chip_restore(&fixture->lines, 0);
	assert_journal(fixture, "0:out0 2:in+r 4:out1 ");
	line_chip_restore(&fixture->lines, 2);
	assert_journal(fixture, "");

	/* And only that one is stale that was gone. */
	fixture->fake.fail_configure = -ENODEV;
	line_chip_restore(&fixture->lines, 1);
	assert_false(line_chip_is_stale(&fixture->lines, 0));
	assert_true(line_chip_is_stale(&fixture->lines, 1));
}

#define LINES_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)
#define FIXTURE_TEST(fn)     cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINES_TEST("G-91", idle_states),
		FIXTURE_TEST(idle_states_of_many),
		LINES_TEST("G-91", nothing_of_the_guest_is_held),
		LINES_TEST("G-31", an_idle_line_is_seen_as_unused),
		LINES_TEST("G-33", use_ends_rest),
		LINES_TEST("G-39", a_refused_use_changes_no_idle_state),
		FIXTURE_TEST(a_refused_idle_state_releases),
		FIXTURE_TEST(a_replugged_chip_gets_the_idle_state),
		FIXTURE_TEST(a_refused_restore_is_not_forgotten),
		FIXTURE_TEST(one_chip_of_two_is_restored),
	};

	return cmocka_run_group_tests_name("gpio/idle_state", tests, NULL, NULL);
}
