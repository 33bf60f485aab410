/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/lines_attach: the successor of a worker, and hostile session memory. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "lines_fixture.h"

static void successor_takes_over(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_VALUE, 1, 1);
	ask(fixture, SET_DIR, 1, OUT);
	ask(fixture, SET_DIR, 2, IN);
	ask(fixture, SET_IRQ, 2, IRQ_TYPE_EDGE_RISING);
	wire(fixture, 2, true); /* latched */
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_LEVEL_LOW);
	wire(fixture, 3, true);
	lines_unmask(&fixture->lines, 3);
	ask(fixture, SET_VALUE, 4, 1);
	fixture->stored_fds[1] = 11;
	fixture->stored_fds[2] = 12;
	fixture->stored_fds[3] = 13;
	irqs(fixture);
	fixture_reattach(fixture, LINES_BEGIN_RESUME);
	assert_journal(fixture, "1:adopt11+out1 2:adopt12+in+r 3:adopt13+in+rf ");
	assert_int_equal(ask(fixture, GET_DIR, 1, 0), OK(OUT));
	assert_int_equal(ask(fixture, GET_VALUE, 1, 0), OK(1));
	assert_int_equal(ask(fixture, GET_DIR, 2, 0), OK(IN));
	assert_int_equal(ask(fixture, GET_DIR, 3, 0), OK(NONE));
	/* The buffers are given again. */
	assert_int_equal(lines_unmask(&fixture->lines, 2), IRQ_FIRE);
	assert_int_equal(lines_unmask(&fixture->lines, 3), IRQ_FIRE);
	fake_chip_journal(&fixture->fake);
	assert_int_equal(ask(fixture, SET_DIR, 4, OUT), OK(0));
	assert_journal(fixture, "4:out1 ");
}

static void successor_without_stored_fds(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_VALUE, 1, 1);
	ask(fixture, SET_DIR, 1, OUT);
	ask(fixture, SET_IRQ, 3, IRQ_TYPE_EDGE_BOTH);
	fixture_reattach(fixture, LINES_BEGIN_RESUME);
	assert_journal(fixture, "1:out1 3:in+rf ");
}

/* The earlier process died between the chip's answer and its own note of it. */
static void stored_for_a_line_nobody_uses(void **state)
{
	struct fixture *fixture = *state;

	fixture->stored_fds[5] = 15;
	fixture_reattach(fixture, LINES_BEGIN_RESUME);
	assert_journal(fixture, "5:adopt15+in 5:release ");
	assert_int_equal(ask(fixture, GET_DIR, 5, 0), OK(NONE));
}

static void refused_by_the_chip(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_DIR, 1, OUT);
	ask(fixture, SET_DIR, 2, IN);
	ask(fixture, SET_DIR, 3, IN);
	fixture->stored_fds[2] = 12;
	lines_detach(&fixture->lines);
	fake_chip_init(&fixture->fake);
	fixture->fake.fail_configure = -EBUSY;
	fixture->fake.fail_adopt = -EIO;
	fixture_attach(fixture);
	for (unsigned i = 0; i < FAKE_LINES; i++)
		assert_int_equal(ask(fixture, GET_DIR, i, 0), OK(NONE));
	fixture->fake.fail_configure = 0;
	assert_int_equal(ask(fixture, SET_DIR, 3, IN), OK(0));
}

/* A worker that dies while the chip is unplugged: its successor still knows what the guest made of the lines. */
static void stored_while_the_chip_is_gone(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, SET_VALUE, 1, 1);
	ask(fixture, SET_DIR, 1, OUT);
	ask(fixture, SET_IRQ, 2, IRQ_TYPE_LEVEL_HIGH);
	lines_detach(&fixture->lines);
	fake_chip_init(&fixture->fake);
	fixture->fake.fail_configure = -ENODEV;
	fixture_attach(fixture);
	assert_int_equal(lines_unmask(&fixture->lines, 2), IRQ_NOTHING);
	assert_int_equal(ask(fixture, SET_VALUE, 3, 1), OK(0));
	assert_int_equal(ask(fixture, SET_DIR, 3, OUT), ERR);
	assert_int_equal(ask(fixture, GET_DIR, 1, 0), OK(OUT));

	fixture->fake.fail_configure = 0;
	wire(fixture, 2, true);
	fake_chip_journal(&fixture->fake);
	irqs(fixture);
	line_chip_restore(&fixture->lines, 0);
	assert_journal(fixture, "1:out1 2:in+rf 2:get ");
	assert_int_equal(irqs(fixture), 1);
	assert_int_equal(fixture->irq_line, 2);
	assert_int_equal(fixture->irq_action, IRQ_FIRE);
}

static void hostile_memory(void **state)
{
	static const struct line_state bad[] = {
		{ .direction = 3 },
		{ .direction = 255, .value = 255, .irq = { .type = 255, .latched = 255, .unmasked = 255 } },
		{ .direction = OUT, .value = 2 },
		{ .direction = OUT, .irq = { .type = IRQ_TYPE_EDGE_RISING } },
		{ .direction = IN, .irq = { .type = 5 } },
		{ .irq = { .type = 16, .latched = 1, .unmasked = 1 } },
		{ .irq = { .type = IRQ_TYPE_NONE, .latched = 1, .unmasked = 1 } },
		{ .value = 77 },
	};
	struct fixture *fixture = *state;

	_Static_assert(sizeof(bad) == sizeof(fixture->memory), "one for each line");
	memcpy(fixture->memory, bad, sizeof(bad));
	fixture_reattach(fixture, LINES_BEGIN_RESUME);
	assert_journal(fixture, "");
	for (unsigned i = 0; i < FAKE_LINES; i++) {
		static const struct line_state none;

		assert_memory_equal(&fixture->memory[i], &none, sizeof(none));
	}
	/* Plausible, but with odd flags. */
	fixture->memory[0] =
		(struct line_state){ .direction = IN,
				     .irq = { .type = IRQ_TYPE_LEVEL_HIGH, .latched = 200, .unmasked = 200 } };
	fixture->memory[1] =
		(struct line_state){ .direction = IN,
				     .irq = { .type = IRQ_TYPE_EDGE_RISING, .latched = 200, .unmasked = 200 } };
	fixture_reattach(fixture, LINES_BEGIN_RESUME);
	assert_int_equal(lines_unmask(&fixture->lines, 0), IRQ_NOTHING);
	assert_int_equal(lines_unmask(&fixture->lines, 1), IRQ_FIRE);
	assert_int_equal(lines_unmask(&fixture->lines, 1), IRQ_NOTHING);
}

static void random_memory(void **state)
{
	struct fixture *fixture = *state;
	unsigned seed = 7;

	for (int round = 0; round < 5000; round++) {
		uint8_t *bytes = (uint8_t *)fixture->memory;

		for (size_t i = 0; i < sizeof(fixture->memory); i++)
			bytes[i] = (uint8_t)(rand_r(&seed) % (round & 1 ? 256 : 5));
		fixture_reattach(fixture, LINES_BEGIN_RESUME);
		for (unsigned i = 0; i < FAKE_LINES; i++) {
			assert_int_equal(fixture->memory[i].irq.unmasked, 0);
			assert_int_equal(ask(fixture, SET_DIR, i, NONE), OK(0));
			assert_int_equal(ask(fixture, SET_IRQ, i, IRQ_TYPE_EDGE_BOTH), OK(0));
			assert_int_equal(lines_unmask(&fixture->lines, (uint16_t)i), IRQ_NOTHING);
		}
		irqs(fixture);
	}
}

static void impossible_chip(void **state)
{
	struct fixture *fixture = *state;
	struct lines_host host = { .irq = NULL };
	struct lines lines;

	fixture->fake.chip.n_lines = 0;
	assert_int_equal(
		lines_attach(&lines, &fixture->fake.chip, "t", NULL, LINES_BEGIN_FIRST, NULL, &host, NULL, NULL),
		-ERANGE);
	fixture->fake.chip.n_lines = 65536;
	assert_int_equal(
		lines_attach(&lines, &fixture->fake.chip, "t", NULL, LINES_BEGIN_FIRST, NULL, &host, NULL, NULL),
		-ERANGE);
	fixture->fake.chip.n_lines = FAKE_LINES;
}

/* The real simulated chip below, with its own state in memory that outlives the worker. */
struct sim_fixture {
	struct chip *chip;
	struct line_rules *rules;
	struct lines lines;
	int irqs;
};

static void sim_irq(void *ctx, uint16_t line, enum irq_action action)
{
	((struct sim_fixture *)ctx)->irqs++;
}

static int no_stored_fd(void *ctx, unsigned offset)
{
	return -1;
}

static void sim_fixture_attach(struct sim_fixture *fixture, unsigned n, void *chip_memory, struct line_state *memory)
{
	struct chip_host chip_host = { .tag = "t", .consumer = "c", .observer = lines_observer(&fixture->lines) };
	struct lines_host lines_host = { .irq = sim_irq, .irq_ctx = fixture };
	struct chip_spec spec;
	struct chip_found found;
	struct why why;
	char word[16];

	snprintf(word, sizeof(word), "s%u", n);
	assert_int_equal(chip_spec_parse(word, strlen(word), &spec), 0);
	assert_int_equal(chip_probe(&spec, &found, &why), 0);
	assert_int_equal(chip_attach(&spec, &found, chip_memory, &chip_host, &fixture->chip), 0);
	fixture->rules = calloc(n, sizeof(*fixture->rules));
	for (unsigned i = 0; i < n; i++)
		snprintf(fixture->rules[i].name, CHIP_NAME_MAX, "dummy%u", i);
	assert_int_equal(lines_attach(&fixture->lines, fixture->chip, "t", fixture->rules, LINES_BEGIN_RESUME, memory,
				      &lines_host, no_stored_fd, NULL),
			 0);
	fixture->lines.irq_enabled = true;
}

static void sim_fixture_detach(struct sim_fixture *fixture)
{
	lines_detach(&fixture->lines);
	chip_detach(fixture->chip);
	free(fixture->rules);
}

static void simulated_chip_below(void **state)
{
	struct sim_fixture fixture = { .irqs = 0 };
	struct line_state *memory = calloc(4, sizeof(*memory));
	void *chip_memory = calloc(1, 4096);
	struct gpio_request irq = { SET_IRQ, 1, IRQ_TYPE_EDGE_BOTH }, out = { SET_DIR, 2, OUT },
			    high = { SET_VALUE, 2, 1 };

	sim_fixture_attach(&fixture, 4, chip_memory, memory);
	lines_request(&fixture.lines, &irq);
	lines_request(&fixture.lines, &high);
	lines_request(&fixture.lines, &out);
	assert_int_equal(lines_level(&fixture.lines, 2), 1);
	assert_int_equal(lines_level(&fixture.lines, 0), 0);
	assert_int_equal(chip_outside_drive(fixture.chip, 1, true), 0);
	sim_fixture_detach(&fixture);

	sim_fixture_attach(&fixture, 4, chip_memory, memory);
	assert_int_equal(lines_level(&fixture.lines, 2), 1);
	assert_int_equal(lines_unmask(&fixture.lines, 1), IRQ_FIRE);
	assert_int_equal(lines_unmask(&fixture.lines, 1), IRQ_NOTHING);
	assert_int_equal(chip_outside_drive(fixture.chip, 1, false), 0);
	assert_int_equal(fixture.irqs, 1);
	sim_fixture_detach(&fixture);
	free(chip_memory);
	free(memory);
}

static void as_many_lines_as_there_can_be(void **state)
{
	struct sim_fixture fixture = { .irqs = 0 };
	struct line_state *memory = calloc(CHIP_LINES_MAX, sizeof(*memory));
	void *chip_memory = calloc(CHIP_LINES_MAX, 64);
	struct gpio_request last = { GET_DIR, CHIP_LINES_MAX - 1, 0 }, beyond = { GET_DIR, CHIP_LINES_MAX, 0 };

	sim_fixture_attach(&fixture, CHIP_LINES_MAX, chip_memory, memory);
	assert_int_equal(fixture.lines.n_lines, CHIP_LINES_MAX);
	assert_int_equal(lines_request(&fixture.lines, &last).status, GPIO_STATUS_OK);
	assert_int_equal(lines_request(&fixture.lines, &beyond).status, GPIO_STATUS_ERR);
	for (unsigned i = 0; i < CHIP_LINES_MAX; i++)
		assert_int_equal(fixture.lines.rules[i].name[0], 'd');
	assert_string_equal(fixture.lines.rules[CHIP_LINES_MAX - 1].name, "dummy65534");
	sim_fixture_detach(&fixture);
	free(chip_memory);
	free(memory);
}

#define LINES_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINES_TEST("G-92 G-95", successor_takes_over),
		LINES_TEST("G-95", successor_without_stored_fds),
		LINES_TEST("G-93", stored_for_a_line_nobody_uses),
		LINES_TEST("G-39", refused_by_the_chip),
		LINES_TEST("G-39", stored_while_the_chip_is_gone),
		cmocka_unit_test_setup_teardown(hostile_memory, fixture_up, fixture_down),
		cmocka_unit_test_setup_teardown(random_memory, fixture_up, fixture_down),
		LINES_TEST("G-02", impossible_chip),
		ROW_TEST("G-92", simulated_chip_below),
		ROW_TEST("G-02", as_many_lines_as_there_can_be),
	};

	return cmocka_run_group_tests_name("gpio/lines_attach", tests, NULL, NULL);
}
