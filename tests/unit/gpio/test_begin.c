/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/attach under rules: the daemon's start, a session that was dropped, and one that lies. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "lines_fixture.h"

static void begin_again(struct fixture *fixture, enum lines_begin begin)
{
	fixture_reattach(fixture, begin);
	fixture->fake.fail_configure = fixture->fake.fail_adopt = 0;
}

static void init_is_taken(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = LINE_IDLE_RELEASED; i < LINE_IDLE_HOLD; i++)
		fixture->rules[i].init = (uint8_t)i;
	/* Nothing of an earlier life counts. */
	memset(fixture->memory, 1, sizeof(fixture->memory));
	begin_again(fixture, LINES_BEGIN_FIRST);
	assert_journal(fixture, "1:in 2:out0 3:out1 ");
	for (unsigned i = 0; i < FAKE_LINES; i++)
		assert_int_equal(ask(fixture, GET_DIR, i, 0), OK(NONE));
	/* A successor finds them so. */
	begin_again(fixture, LINES_BEGIN_RESUME);
	assert_journal(fixture, "1:in 2:out0 3:out1 ");
}

static void init_takes_over_what_is_kept(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = LINE_IDLE_RELEASED; i < LINE_IDLE_HOLD; i++) {
		fixture->rules[i].init = (uint8_t)i;
		fixture->stored_fds[i] = 10 + (int)i;
	}
	begin_again(fixture, LINES_BEGIN_FIRST);
	assert_journal(fixture, "0:adopt10+in 0:release 1:adopt11+in 2:adopt12+out0 3:adopt13+out1 ");
	begin_again(fixture, LINES_BEGIN_RESUME);
	assert_journal(fixture, "0:adopt10+in 0:release 1:adopt11+in 2:adopt12+out0 3:adopt13+out1 ");
}

/* What is to be released is as good as released when it cannot be taken. */
static void kept_for_no_init_and_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture->stored_fds[3] = 13;
	lines_detach(&fixture->lines);
	fixture->fake.fail_adopt = -EIO;
	fixture->begin = LINES_BEGIN_FIRST;
	assert_int_equal(fixture_try_attach(fixture), 0);
	assert_journal(fixture, "3:adopt13+in ");
}

static void init_that_is_refused(void **state)
{
	static const int errors[] = { -EIO, -ENODEV };
	struct fixture *fixture = *state;

	fixture->rules[1].init = LINE_IDLE_INPUT;
	fixture->rules[2].init = LINE_IDLE_OUTPUT_LOW;
	fixture->rules[3].init = LINE_IDLE_OUTPUT_LOW;
	fixture->begin = LINES_BEGIN_FIRST;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		lines_detach(&fixture->lines);
		fixture->stored_fds[1] = 11;
		fixture->stored_fds[2] = -1;
		fixture->fake.fail_configure = errors[i];
		assert_int_equal(fixture_try_attach(fixture), errors[i]);
		assert_journal(fixture, "1:adopt11+in 2:out0 ");
		fixture->stored_fds[2] = 12;
		fixture->fake.fail_adopt = errors[i];
		assert_int_equal(fixture_try_attach(fixture), errors[i]);
		assert_journal(fixture, "1:adopt11+in ");
		fixture->fake.fail_adopt = 0;
	}
	fixture->fake.fail_configure = 0;
	fixture_attach(fixture);
}

/* Before the worker: what the kernel has of line 3, and what is left of its request. */
static const char *dropped(struct fixture *fixture, bool stored, bool used, enum chip_direction direction)
{
	fixture->stored_fds[3] = stored ? 13 : -1;
	memset(fixture->memory, 0, sizeof(fixture->memory));
	lines_detach(&fixture->lines);
	fake_chip_init(&fixture->fake);
	fixture->fake.lines[3].held = used;
	fixture->fake.lines[3].config.direction = direction;
	fixture->begin = LINES_BEGIN_DROPPED;
	fixture_attach(fixture);
	return fake_chip_journal(&fixture->fake);
}

static void dropped_takes_the_idle_state(void **state)
{
	static const char *const anew[] = { "", "3:in ", "3:out0 ", "3:out1 " };
	static const char *const stored[] = { "3:adopt13+in 3:release ", "3:adopt13+in ", "3:adopt13+out0 ",
					      "3:adopt13+out1 " };
	struct fixture *fixture = *state;

	/* Not init. */
	fixture->rules[3].init = LINE_IDLE_OUTPUT_HIGH;
	for (unsigned idle = LINE_IDLE_RELEASED; idle < LINE_IDLE_HOLD; idle++) {
		fixture->rules[3].on_disconnect = (uint8_t)idle;
		assert_string_equal(dropped(fixture, false, false, CHIP_DIRECTION_IN), anew[idle]);
		assert_string_equal(dropped(fixture, true, true, CHIP_DIRECTION_OUT), stored[idle]);
		assert_int_equal(fixture->memory[3].idle, idle);
		/* As an end of the session left it. */
		idle_state_enter(&fixture->lines);
		assert_journal(fixture, "");
	}
}

static void dropped_and_held(void **state)
{
	struct fixture *fixture = *state;

	fixture->rules[3].on_disconnect = LINE_IDLE_HOLD;
	assert_string_equal(dropped(fixture, true, true, CHIP_DIRECTION_IN), "3:adopt13+in ");
	assert_int_equal(fixture->memory[3].idle, LINE_IDLE_INPUT);
	/* Its level is not known. */
	assert_string_equal(dropped(fixture, true, true, CHIP_DIRECTION_OUT), "3:adopt13+in 3:release ");
	assert_int_equal(fixture->memory[3].idle, LINE_IDLE_RELEASED);
	/* The kernel does not know of the request. */
	assert_string_equal(dropped(fixture, true, false, CHIP_DIRECTION_IN), "3:adopt13+in 3:release ");
	/* Somebody else's. */
	assert_string_equal(dropped(fixture, false, true, CHIP_DIRECTION_IN), "3:release ");
	assert_int_equal(fixture->memory[3].idle, LINE_IDLE_RELEASED);
	/* A guest could not have left it so. */
	fixture->rules[3].no_input = true;
	assert_string_equal(dropped(fixture, true, true, CHIP_DIRECTION_IN), "3:adopt13+in 3:release ");
}

static void dropped_and_refused(void **state)
{
	struct fixture *fixture = *state;

	fixture->rules[3].on_disconnect = LINE_IDLE_OUTPUT_HIGH;
	fixture->begin = LINES_BEGIN_DROPPED;
	lines_detach(&fixture->lines);
	fixture->fake.fail_configure = -EIO;
	fixture_attach(fixture);
	assert_journal(fixture, "3:out1 ");
	assert_int_equal(fixture->memory[3].idle, LINE_IDLE_RELEASED);
	assert_false(line_chip_is_stale(&fixture->lines, 0));

	lines_detach(&fixture->lines);
	fixture->fake.fail_configure = -ENODEV;
	fixture_attach(fixture);
	assert_true(line_chip_is_stale(&fixture->lines, 0));
	fixture->fake.fail_configure = 0;
	fake_chip_journal(&fixture->fake);
	line_chip_restore(&fixture->lines, 0);
	assert_journal(fixture, "3:out1 ");
}

/* The earlier process died between two stores: the guest's word counts. */
static void used_and_idle(void **state)
{
	struct fixture *fixture = *state;

	fixture->rules[3].init = LINE_IDLE_OUTPUT_LOW;
	fixture->memory[3] = (struct line_state){ .direction = OUT, .value = 1, .idle = LINE_IDLE_OUTPUT_LOW };
	begin_again(fixture, LINES_BEGIN_RESUME);
	assert_journal(fixture, "3:out1 ");
	assert_int_equal(fixture->memory[3].idle, LINE_IDLE_RELEASED);
}

/* What could not have come about under the rules is no state: the line takes its on_disconnect. */
static void contradictions(void **state)
{
	static const struct {
		struct line_rules rules;
		struct line_state memory;
		const char *journal;
	} cases[] = {
		{ { .no_output = true }, { .direction = OUT }, "" },
		{ { .no_output = true, .on_disconnect = LINE_IDLE_INPUT }, { .direction = OUT, .value = 1 }, "3:in " },
		{ { .no_output = true, .on_disconnect = LINE_IDLE_HOLD }, { .direction = OUT, .value = 1 }, "" },
		{ { .no_output = true, .on_disconnect = LINE_IDLE_HOLD }, { .idle = LINE_IDLE_OUTPUT_LOW }, "" },
		{ { .no_input = true }, { .direction = IN }, "" },
		{ { .no_input = true }, { .irq = { .type = IRQ_TYPE_EDGE_BOTH } }, "" },
		{ { .no_input = true, .on_disconnect = LINE_IDLE_HOLD }, { .idle = LINE_IDLE_INPUT }, "" },
		{ { .no_irq = true }, { .direction = IN, .irq = { .type = IRQ_TYPE_LEVEL_LOW } }, "" },
		{ { .no_value = true }, { .direction = OUT, .value = 1 }, "" },
		{ { .no_value = true }, { .direction = IN, .value = 1 }, "" },
		{ { .no_value = true, .on_disconnect = LINE_IDLE_HOLD }, { .idle = LINE_IDLE_OUTPUT_HIGH }, "" },
		{ { .on_disconnect = LINE_IDLE_HOLD }, { .idle = LINE_IDLE_HOLD }, "" },
		{ { .on_disconnect = LINE_IDLE_HOLD }, { .idle = 255 }, "" },
		{ { .on_disconnect = LINE_IDLE_OUTPUT_LOW }, { .idle = LINE_IDLE_OUTPUT_HIGH }, "3:out0 " },
		{ { .on_disconnect = LINE_IDLE_OUTPUT_LOW }, { .idle = LINE_IDLE_INPUT }, "3:out0 " },
		{ { .init = LINE_IDLE_OUTPUT_LOW }, { .idle = LINE_IDLE_OUTPUT_HIGH }, "" },
		{ { .on_disconnect = LINE_IDLE_OUTPUT_HIGH }, { .direction = 3 }, "3:out1 " },
		/* And these could. */
		{ { .no_output = true }, { .direction = IN, .irq = { .type = IRQ_TYPE_EDGE_RISING } }, "3:in+r " },
		{ { .no_input = true }, { .direction = OUT, .value = 1 }, "3:out1 " },
		{ { .no_irq = true }, { .direction = IN }, "3:in " },
		{ { .no_value = true }, { .direction = OUT }, "3:out0 " },
		{ { .no_output = true, .init = LINE_IDLE_OUTPUT_HIGH }, { .idle = LINE_IDLE_OUTPUT_HIGH }, "3:out1 " },
		{ { .no_output = true, .on_disconnect = LINE_IDLE_OUTPUT_LOW },
		  { .idle = LINE_IDLE_OUTPUT_LOW },
		  "3:out0 " },
		{ { .on_disconnect = LINE_IDLE_HOLD }, { .idle = LINE_IDLE_OUTPUT_HIGH }, "3:out1 " },
		{ { .on_disconnect = LINE_IDLE_HOLD }, { .idle = LINE_IDLE_INPUT }, "3:in " },
		{ { .on_disconnect = LINE_IDLE_OUTPUT_LOW }, { .idle = LINE_IDLE_RELEASED }, "" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fixture->rules[3] = cases[i].rules;
		fixture->memory[3] = cases[i].memory;
		begin_again(fixture, LINES_BEGIN_RESUME);
		assert_journal(fixture, cases[i].journal);
	}
}

static struct line_rules random_rules(unsigned *seed)
{
	return (struct line_rules){
		.settings = { .active_low = rand_r(seed) & 1, .bias = (uint8_t)(rand_r(seed) % 4) },
		.no_output = rand_r(seed) & 1,
		.no_input = rand_r(seed) & 1,
		.no_value = rand_r(seed) & 1,
		.no_irq = rand_r(seed) & 1,
		.init = (uint8_t)(rand_r(seed) % LINE_IDLE_HOLD),
		.on_disconnect = (uint8_t)(rand_r(seed) % (LINE_IDLE_HOLD + 1)),
	};
}

/* The levels that a line may ever drive, as 1 << level: those of the host's own words, and the guest's. */
static unsigned may_drive(const struct line_rules *rules)
{
	unsigned levels = 0;

	if (rules->init == LINE_IDLE_OUTPUT_LOW || rules->on_disconnect == LINE_IDLE_OUTPUT_LOW)
		levels |= 1;
	if (rules->init == LINE_IDLE_OUTPUT_HIGH || rules->on_disconnect == LINE_IDLE_OUTPUT_HIGH)
		levels |= 2;
	if (!rules->no_output)
		levels |= rules->no_value ? 1 : 3;
	return levels;
}

/* The chip holds what the state says, and never did what the rules forbid. */
static void check(struct fixture *fixture)
{
	for (unsigned i = 0; i < FAKE_LINES; i++) {
		const struct line_rules *rules = &fixture->rules[i];
		const struct line_state *memory = &fixture->memory[i];
		bool used = memory->direction != NONE || memory->irq.type != IRQ_TYPE_NONE;

		assert_int_equal(fixture->fake.lines[i].driven & ~may_drive(rules), 0);
		if (rules->no_irq || rules->no_input)
			assert_int_equal(fixture->fake.lines[i].edges_asked, 0);
		assert_int_equal(fixture->fake.lines[i].held, used || memory->idle != LINE_IDLE_RELEASED);
		if (fixture->fake.lines[i].held)
			assert_settings(fixture, i);
		if (used)
			assert_int_equal(memory->idle, LINE_IDLE_RELEASED);
	}
}

static void random_memory_under_random_rules(void **state)
{
	struct fixture *fixture = *state;
	unsigned seed = 11;

	for (int round = 0; round < 5000; round++) {
		uint8_t *bytes = (uint8_t *)fixture->memory;

		for (size_t i = 0; i < sizeof(fixture->memory); i++)
			bytes[i] = (uint8_t)(rand_r(&seed) % (round & 1 ? 256 : 4));
		for (unsigned i = 0; i < FAKE_LINES; i++) {
			fixture->rules[i] = random_rules(&seed);
			fixture->stored_fds[i] = rand_r(&seed) & 1 ? 10 + (int)i : -1;
		}
		fixture_reattach(fixture, LINES_BEGIN_RESUME);
		check(fixture);
		for (int i = 0; i < 40; i++) {
			if (rand_r(&seed) % 10 == 0)
				idle_state_enter(&fixture->lines);
			else
				ask(fixture, SET_DIR + (unsigned)(rand_r(&seed) % 4), (unsigned)(rand_r(&seed) % 8),
				    (uint32_t)(rand_r(&seed) % 4));
			check(fixture);
		}
		fake_chip_journal(&fixture->fake);
	}
}

#define LINES_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)
#define FIXTURE_TEST(fn)     cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(init_is_taken),
		FIXTURE_TEST(init_takes_over_what_is_kept),
		FIXTURE_TEST(kept_for_no_init_and_refused),
		FIXTURE_TEST(init_that_is_refused),
		FIXTURE_TEST(dropped_takes_the_idle_state),
		FIXTURE_TEST(dropped_and_held),
		FIXTURE_TEST(dropped_and_refused),
		LINES_TEST("G-95", used_and_idle),
		FIXTURE_TEST(contradictions),
		FIXTURE_TEST(random_memory_under_random_rules),
	};

	return cmocka_run_group_tests_name("gpio/attach under rules", tests, NULL, NULL);
}
