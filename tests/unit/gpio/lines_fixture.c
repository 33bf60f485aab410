/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Lines on a fake chip, and what they say to their user. */
#include "lines_fixture.h"

#include "rows.h"

#include <stdlib.h>

static void on_irq(void *ctx, uint16_t line, enum irq_action action)
{
	struct fixture *fixture = ctx;

	assert_true(action == IRQ_FIRE || action == IRQ_INVALID);
	/* The state is the one after it. */
	assert_int_equal(fixture->memory[line].irq.unmasked, 0);
	fixture->irq_line = line;
	fixture->irq_action = action;
	fixture->irqs++;
}

static void on_changed(void *ctx, uint16_t line)
{
	struct fixture *fixture = ctx;

	fixture->changes++;
}

static int stored_fd(void *ctx, unsigned offset)
{
	struct fixture *fixture = ctx;

	return fixture->stored_fds[offset];
}

int fixture_try_attach(struct fixture *fixture)
{
	struct lines_host host = { .irq = on_irq, .irq_ctx = fixture, .changed = on_changed, .changed_ctx = fixture };

	int ret = lines_attach(&fixture->lines, &fixture->fake.chip, "test", fixture->rules, fixture->begin,
			       fixture->memory, &host, stored_fd, fixture);

	fixture->lines.irq_enabled = true;
	return ret;
}

void fixture_attach(struct fixture *fixture)
{
	assert_int_equal(fixture_try_attach(fixture), 0);
}

void fixture_reattach(struct fixture *fixture, enum lines_begin begin)
{
	lines_detach(&fixture->lines);
	fake_chip_init(&fixture->fake);
	fixture->begin = begin;
	fixture_attach(fixture);
}

int fixture_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fake_chip_init(&fixture->fake);
	fixture->begin = LINES_BEGIN_RESUME;
	for (unsigned i = 0; i < FAKE_LINES; i++)
		fixture->stored_fds[i] = -1;
	fixture_attach(fixture);
	log_set_level(LOG_LEVEL_ERROR);
	*state = fixture;
	return 0;
}

int fixture_down(void **state)
{
	struct fixture *fixture = *state;

	lines_detach(&fixture->lines);
	free(fixture);
	return 0;
}

unsigned ask(struct fixture *fixture, unsigned type, unsigned line, uint32_t value)
{
	struct gpio_request request = { .type = (uint16_t)type, .gpio = (uint16_t)line, .value = value };
	struct gpio_response response = lines_request(&fixture->lines, &request);

	return (unsigned)response.status << 8 | response.value;
}

int irqs(struct fixture *fixture)
{
	int n = fixture->irqs;

	fixture->irqs = 0;
	return n;
}

void edge_comes(struct fixture *fixture, unsigned offset, enum chip_edge edge, bool level)
{
	struct chip_observer observer = lines_observer(&fixture->lines);

	observer.edge(observer.ctx, offset, edge, level);
}

void wire(struct fixture *fixture, unsigned line, bool level)
{
	enum chip_edge edge = level ? CHIP_EDGE_RISING : CHIP_EDGE_FALLING;

	if (fixture->fake.lines[line].level == level)
		return;
	fixture->fake.lines[line].level = level;
	if (fixture->fake.lines[line].held && (fixture->fake.lines[line].config.edges & edge))
		edge_comes(fixture, line, edge, level);
}

void assert_settings(struct fixture *fixture, unsigned line)
{
	const struct chip_line_settings *has = &fixture->fake.lines[line].config.settings;
	const struct chip_line_settings *ruled = &fixture->rules[line].settings;

	assert_int_equal(has->active_low, ruled->active_low);
	assert_int_equal(has->bias, ruled->bias);
	assert_int_equal(has->drive, ruled->drive);
	assert_int_equal(has->debounce_us, ruled->debounce_us);
}

enum irq_action give(struct fixture *fixture, unsigned line)
{
	return lines_unmask(&fixture->lines, (uint16_t)line);
}

void pulse(struct fixture *fixture, unsigned line)
{
	wire(fixture, line, true);
	wire(fixture, line, false);
}
