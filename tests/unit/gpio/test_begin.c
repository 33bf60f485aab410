/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/attach under rules: the daemon's start, a session that was dropped, and one that lies. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "lines_fixture.h"

static void begin_again(struct bench *bench, enum lines_begin begin)
{
	bench_reattach(bench, begin);
	bench->fake.fail_configure = bench->fake.fail_adopt = 0;
}

static void init_is_taken(void **state)
{
	struct bench *bench = *state;

	for (unsigned i = LINE_IDLE_RELEASED; i < LINE_IDLE_HOLD; i++)
		bench->rules[i].init = (uint8_t)i;
	/* Nothing of an earlier life counts. */
	memset(bench->memory, 1, sizeof(bench->memory));
	begin_again(bench, LINES_BEGIN_FIRST);
	assert_journal(bench, "1:in 2:out0 3:out1 ");
	for (unsigned i = 0; i < FAKE_LINES; i++)
		assert_int_equal(ask(bench, GET_DIR, i, 0), OK(NONE));
	/* A successor finds them so. */
	begin_again(bench, LINES_BEGIN_RESUME);
	assert_journal(bench, "1:in 2:out0 3:out1 ");
}

static void init_takes_over_what_is_kept(void **state)
{
	struct bench *bench = *state;

	for (unsigned i = LINE_IDLE_RELEASED; i < LINE_IDLE_HOLD; i++) {
		bench->rules[i].init = (uint8_t)i;
		bench->stored_fds[i] = 10 + (int)i;
	}
	begin_again(bench, LINES_BEGIN_FIRST);
	assert_journal(bench, "0:adopt10+in 0:release 1:adopt11+in 2:adopt12+out0 3:adopt13+out1 ");
	begin_again(bench, LINES_BEGIN_RESUME);
	assert_journal(bench, "0:adopt10+in 0:release 1:adopt11+in 2:adopt12+out0 3:adopt13+out1 ");
}

/* What is to be released is as good as released when it can not be taken. */
static void kept_for_no_init_and_refused(void **state)
{
	struct bench *bench = *state;

	bench->stored_fds[3] = 13;
	lines_detach(&bench->lines);
	bench->fake.fail_adopt = -EIO;
	bench->begin = LINES_BEGIN_FIRST;
	assert_int_equal(bench_try_attach(bench), 0);
	assert_journal(bench, "3:adopt13+in ");
}

static void init_that_is_refused(void **state)
{
	static const int errors[] = { -EIO, -ENODEV };
	struct bench *bench = *state;

	bench->rules[1].init = LINE_IDLE_INPUT;
	bench->rules[2].init = LINE_IDLE_OUTPUT_LOW;
	bench->rules[3].init = LINE_IDLE_OUTPUT_LOW;
	bench->begin = LINES_BEGIN_FIRST;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		lines_detach(&bench->lines);
		bench->stored_fds[1] = 11;
		bench->stored_fds[2] = -1;
		bench->fake.fail_configure = errors[i];
		assert_int_equal(bench_try_attach(bench), errors[i]);
		assert_journal(bench, "1:adopt11+in 2:out0 ");
		bench->stored_fds[2] = 12;
		bench->fake.fail_adopt = errors[i];
		assert_int_equal(bench_try_attach(bench), errors[i]);
		assert_journal(bench, "1:adopt11+in ");
		bench->fake.fail_adopt = 0;
	}
	bench->fake.fail_configure = 0;
	bench_attach(bench);
}

/* Before the worker: what the kernel has of line 3, and what is left of its request. */
static const char *dropped(struct bench *bench, bool stored, bool used, enum chip_direction direction)
{
	bench->stored_fds[3] = stored ? 13 : -1;
	memset(bench->memory, 0, sizeof(bench->memory));
	lines_detach(&bench->lines);
	fake_chip_init(&bench->fake);
	bench->fake.lines[3].held = used;
	bench->fake.lines[3].config.direction = direction;
	bench->begin = LINES_BEGIN_DROPPED;
	bench_attach(bench);
	return fake_chip_journal(&bench->fake);
}

static void dropped_takes_the_idle_state(void **state)
{
	static const char *const anew[] = { "", "3:in ", "3:out0 ", "3:out1 " };
	static const char *const stored[] = { "3:adopt13+in 3:release ", "3:adopt13+in ", "3:adopt13+out0 ",
					      "3:adopt13+out1 " };
	struct bench *bench = *state;

	/* Not init. */
	bench->rules[3].init = LINE_IDLE_OUTPUT_HIGH;
	for (unsigned idle = LINE_IDLE_RELEASED; idle < LINE_IDLE_HOLD; idle++) {
		bench->rules[3].on_disconnect = (uint8_t)idle;
		assert_string_equal(dropped(bench, false, false, CHIP_DIRECTION_IN), anew[idle]);
		assert_string_equal(dropped(bench, true, true, CHIP_DIRECTION_OUT), stored[idle]);
		assert_int_equal(bench->memory[3].idle, idle);
		/* As an end of the session left it. */
		idle_state_enter(&bench->lines);
		assert_journal(bench, "");
	}
}

static void dropped_and_held(void **state)
{
	struct bench *bench = *state;

	bench->rules[3].on_disconnect = LINE_IDLE_HOLD;
	assert_string_equal(dropped(bench, true, true, CHIP_DIRECTION_IN), "3:adopt13+in ");
	assert_int_equal(bench->memory[3].idle, LINE_IDLE_INPUT);
	/* Its level is not known. */
	assert_string_equal(dropped(bench, true, true, CHIP_DIRECTION_OUT), "3:adopt13+in 3:release ");
	assert_int_equal(bench->memory[3].idle, LINE_IDLE_RELEASED);
	/* The kernel does not know of the request. */
	assert_string_equal(dropped(bench, true, false, CHIP_DIRECTION_IN), "3:adopt13+in 3:release ");
	/* Somebody else's. */
	assert_string_equal(dropped(bench, false, true, CHIP_DIRECTION_IN), "3:release ");
	assert_int_equal(bench->memory[3].idle, LINE_IDLE_RELEASED);
	/* A guest could not have left it so. */
	bench->rules[3].no_input = true;
	assert_string_equal(dropped(bench, true, true, CHIP_DIRECTION_IN), "3:adopt13+in 3:release ");
}

static void dropped_and_refused(void **state)
{
	struct bench *bench = *state;

	bench->rules[3].on_disconnect = LINE_IDLE_OUTPUT_HIGH;
	bench->begin = LINES_BEGIN_DROPPED;
	lines_detach(&bench->lines);
	bench->fake.fail_configure = -EIO;
	bench_attach(bench);
	assert_journal(bench, "3:out1 ");
	assert_int_equal(bench->memory[3].idle, LINE_IDLE_RELEASED);
	assert_false(line_chip_is_stale(&bench->lines, 0));

	lines_detach(&bench->lines);
	bench->fake.fail_configure = -ENODEV;
	bench_attach(bench);
	assert_true(line_chip_is_stale(&bench->lines, 0));
	bench->fake.fail_configure = 0;
	fake_chip_journal(&bench->fake);
	line_chip_restore(&bench->lines, 0);
	assert_journal(bench, "3:out1 ");
}

/* The earlier process died between two stores: the guest's word counts. */
static void used_and_idle(void **state)
{
	struct bench *bench = *state;

	bench->rules[3].init = LINE_IDLE_OUTPUT_LOW;
	bench->memory[3] = (struct line_state){ .direction = OUT, .value = 1, .idle = LINE_IDLE_OUTPUT_LOW };
	begin_again(bench, LINES_BEGIN_RESUME);
	assert_journal(bench, "3:out1 ");
	assert_int_equal(bench->memory[3].idle, LINE_IDLE_RELEASED);
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
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bench->rules[3] = cases[i].rules;
		bench->memory[3] = cases[i].memory;
		begin_again(bench, LINES_BEGIN_RESUME);
		assert_journal(bench, cases[i].journal);
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
static void check(struct bench *bench)
{
	for (unsigned i = 0; i < FAKE_LINES; i++) {
		const struct line_rules *rules = &bench->rules[i];
		const struct line_state *memory = &bench->memory[i];
		bool used = memory->direction != NONE || memory->irq.type != IRQ_TYPE_NONE;

		assert_int_equal(bench->fake.lines[i].driven & ~may_drive(rules), 0);
		if (rules->no_irq || rules->no_input)
			assert_int_equal(bench->fake.lines[i].edges_asked, 0);
		assert_int_equal(bench->fake.lines[i].held, used || memory->idle != LINE_IDLE_RELEASED);
		if (bench->fake.lines[i].held)
			assert_settings(bench, i);
		if (used)
			assert_int_equal(memory->idle, LINE_IDLE_RELEASED);
	}
}

static void random_memory_under_random_rules(void **state)
{
	struct bench *bench = *state;
	unsigned seed = 11;

	for (int round = 0; round < 5000; round++) {
		uint8_t *bytes = (uint8_t *)bench->memory;

		for (size_t i = 0; i < sizeof(bench->memory); i++)
			bytes[i] = (uint8_t)(rand_r(&seed) % (round & 1 ? 256 : 4));
		for (unsigned i = 0; i < FAKE_LINES; i++) {
			bench->rules[i] = random_rules(&seed);
			bench->stored_fds[i] = rand_r(&seed) & 1 ? 10 + (int)i : -1;
		}
		bench_reattach(bench, LINES_BEGIN_RESUME);
		check(bench);
		for (int i = 0; i < 40; i++) {
			if (rand_r(&seed) % 10 == 0)
				idle_state_enter(&bench->lines);
			else
				ask(bench, SET_DIR + (unsigned)(rand_r(&seed) % 4), (unsigned)(rand_r(&seed) % 8),
				    (uint32_t)(rand_r(&seed) % 4));
			check(bench);
		}
		fake_chip_journal(&bench->fake);
	}
}

#define LINES_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, bench_up, bench_down)
#define BENCH_TEST(fn)	     cmocka_unit_test_setup_teardown(fn, bench_up, bench_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(init_is_taken),
		BENCH_TEST(init_takes_over_what_is_kept),
		BENCH_TEST(kept_for_no_init_and_refused),
		BENCH_TEST(init_that_is_refused),
		BENCH_TEST(dropped_takes_the_idle_state),
		BENCH_TEST(dropped_and_held),
		BENCH_TEST(dropped_and_refused),
		LINES_TEST("G-95", used_and_idle),
		BENCH_TEST(contradictions),
		BENCH_TEST(random_memory_under_random_rules),
	};

	return cmocka_run_group_tests_name("gpio/attach under rules", tests, NULL, NULL);
}
