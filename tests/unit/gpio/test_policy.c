/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/lines under rules: what the guest may not do, and what the host forces on a line. */
#include "rows.h"

#include <string.h>

#include "base/util.h"
#include "lines_fixture.h"

enum lock {
	NO_OUTPUT = 1,
	NO_INPUT = 2,
	NO_VALUE = 4,
	NO_IRQ = 8,
	LOCKS_END = 16,
};

/* Every request that there is, and the locks that forbid it. */
static const struct {
	unsigned type;
	uint32_t value;
	unsigned forbidden_by;
} requests[] = {
	{ GET_DIR, 0, 0 },
	{ SET_DIR, NONE, 0 },
	{ SET_DIR, OUT, NO_OUTPUT },
	{ SET_DIR, IN, NO_INPUT },
	{ GET_VALUE, 0, 0 },
	{ SET_VALUE, 0, NO_VALUE },
	{ SET_VALUE, 1, NO_VALUE },
	{ SET_IRQ, IRQ_TYPE_NONE, 0 },
	{ SET_IRQ, IRQ_TYPE_EDGE_RISING, NO_IRQ | NO_INPUT },
	{ SET_IRQ, IRQ_TYPE_EDGE_FALLING, NO_IRQ | NO_INPUT },
	{ SET_IRQ, IRQ_TYPE_EDGE_BOTH, NO_IRQ | NO_INPUT },
	{ SET_IRQ, IRQ_TYPE_LEVEL_HIGH, NO_IRQ | NO_INPUT },
	{ SET_IRQ, IRQ_TYPE_LEVEL_LOW, NO_IRQ | NO_INPUT },
};

/* Line 3, as a guest has it: which of these under which locks it could make of it is not the question here. */
static const struct line_state states[] = {
	{ .direction = NONE },
	{ .idle = LINE_IDLE_OUTPUT_HIGH },
	{ .direction = NONE, .value = 1 },
	{ .direction = IN },
	{ .direction = IN, .irq = { .type = IRQ_TYPE_EDGE_RISING, .latched = 1 } },
	{ .irq = { .type = IRQ_TYPE_LEVEL_LOW } },
	{ .direction = OUT },
	{ .direction = OUT, .value = 1 },
};

static void lock(struct line_rules *rules, unsigned locks)
{
	*rules = (struct line_rules){
		.init = LINE_IDLE_OUTPUT_HIGH,
		.no_output = locks & NO_OUTPUT,
		.no_input = locks & NO_INPUT,
		.no_value = locks & NO_VALUE,
		.no_irq = locks & NO_IRQ,
	};
}

/* The answer to request i in state s under these locks. */
static unsigned answer(struct fixture *fixture, unsigned locks, size_t s, size_t i)
{
	lock(&fixture->rules[3], 0);
	fixture->memory[3] = states[s];
	fixture_reattach(fixture, LINES_BEGIN_RESUME);
	fake_chip_journal(&fixture->fake);
	lock(&fixture->rules[3], locks);
	return ask(fixture, requests[i].type, 3, requests[i].value);
}

static void locks_and_requests(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned locks = 0; locks < LOCKS_END; locks++) {
		for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
			for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
				unsigned free = answer(fixture, 0, s, i);
				struct line_state after = fixture->memory[3];
				char journal[256];

				strcpy(journal, fake_chip_journal(&fixture->fake));
				if (!(requests[i].forbidden_by & locks)) {
					assert_int_equal(answer(fixture, locks, s, i), free);
					assert_memory_equal(&fixture->memory[3], &after, sizeof(after));
					assert_journal(fixture, journal);
					continue;
				}
				assert_int_equal(answer(fixture, locks, s, i), ERR);
				assert_memory_equal(&fixture->memory[3], &states[s], sizeof(states[s]));
				assert_journal(fixture, "");
			}
		}
	}
	assert_int_equal(irqs(fixture), 0);
}

static void other_lines_are_free(void **state)
{
	struct fixture *fixture = *state;

	lock(&fixture->rules[3], LOCKS_END - 1);
	for (size_t i = 1; i < ARRAY_SIZE(requests); i++) {
		ask(fixture, SET_DIR, 4, NONE);
		if (requests[i].type == GET_VALUE)
			ask(fixture, SET_DIR, 4, IN);
		assert_int_equal(ask(fixture, requests[i].type, 4, requests[i].value), OK(0));
	}
}

static void settings_came(struct fixture *fixture)
{
	assert_settings(fixture, 3);
	memset(&fixture->fake.lines[3].config.settings, 0xff, sizeof(fixture->rules[3].settings));
}

static void settings_go_with_everything(void **state)
{
	struct fixture *fixture = *state;

	fixture->rules[3].settings = (struct chip_line_settings){
		.active_low = true, .bias = CHIP_BIAS_PULL_UP, .drive = CHIP_DRIVE_OPEN_DRAIN, .debounce_us = 5000
	};
	fixture->rules[3].on_disconnect = LINE_IDLE_OUTPUT_HIGH;
	ask(fixture, SET_DIR, 3, IN);
	settings_came(fixture);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_BOTH);
	settings_came(fixture);
	line_chip_restore(&fixture->lines, 0);
	settings_came(fixture);
	fixture_reattach(fixture, LINES_BEGIN_RESUME);
	settings_came(fixture);
	fixture->stored_fds[3] = 13;
	fixture_reattach(fixture, LINES_BEGIN_RESUME);
	settings_came(fixture);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_NONE);
	settings_came(fixture);
	ask(fixture, SET_DIR, 3, OUT);
	settings_came(fixture);
	idle_state_enter(&fixture->lines);
	settings_came(fixture);
	fixture->rules[3].init = LINE_IDLE_INPUT;
	fixture_reattach(fixture, LINES_BEGIN_FIRST);
	settings_came(fixture);
	fixture_reattach(fixture, LINES_BEGIN_DROPPED);
	settings_came(fixture);
}

#define FIXTURE_TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(locks_and_requests),
		FIXTURE_TEST(other_lines_are_free),
		FIXTURE_TEST(settings_go_with_everything),
	};

	return cmocka_run_group_tests_name("gpio/lines under rules", tests, NULL, NULL);
}
