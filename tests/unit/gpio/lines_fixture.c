/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Lines on a fake chip, and what they say to their user. */
#include "lines_fixture.h"

#include "rows.h"

#include <stdlib.h>

static void on_irq(void *ctx, uint16_t line, enum irq_action action)
{
	struct bench *bench = ctx;

	assert_true(action == IRQ_FIRE || action == IRQ_INVALID);
	/* The state is the one after it. */
	assert_int_equal(bench->memory[line].irq.unmasked, 0);
	bench->irq_line = line;
	bench->irq_action = action;
	bench->irqs++;
}

static void on_changed(void *ctx, uint16_t line)
{
	struct bench *bench = ctx;

	bench->changes++;
}

static int stored_fd(void *ctx, unsigned offset)
{
	struct bench *bench = ctx;

	return bench->stored_fds[offset];
}

int bench_try_attach(struct bench *bench)
{
	struct lines_host host = { .irq = on_irq, .irq_ctx = bench, .changed = on_changed, .changed_ctx = bench };

	int ret = lines_attach(&bench->lines, &bench->fake.chip, "test", bench->rules, bench->begin, bench->memory,
			       &host, stored_fd, bench);

	bench->lines.irq_enabled = true;
	return ret;
}

void bench_attach(struct bench *bench)
{
	assert_int_equal(bench_try_attach(bench), 0);
}

void bench_reattach(struct bench *bench, enum lines_begin begin)
{
	lines_detach(&bench->lines);
	fake_chip_init(&bench->fake);
	bench->begin = begin;
	bench_attach(bench);
}

int bench_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	fake_chip_init(&bench->fake);
	bench->begin = LINES_BEGIN_RESUME;
	for (unsigned i = 0; i < FAKE_LINES; i++)
		bench->stored_fds[i] = -1;
	bench_attach(bench);
	log_set_level(LOG_LEVEL_ERROR);
	*state = bench;
	return 0;
}

int bench_down(void **state)
{
	struct bench *bench = *state;

	lines_detach(&bench->lines);
	free(bench);
	return 0;
}

unsigned ask(struct bench *bench, unsigned type, unsigned line, uint32_t value)
{
	struct gpio_request request = { .type = (uint16_t)type, .gpio = (uint16_t)line, .value = value };
	struct gpio_response response = lines_request(&bench->lines, &request);

	return (unsigned)response.status << 8 | response.value;
}

int irqs(struct bench *bench)
{
	int n = bench->irqs;

	bench->irqs = 0;
	return n;
}

void edge_comes(struct bench *bench, unsigned offset, enum chip_edge edge, bool level)
{
	struct chip_observer observer = lines_observer(&bench->lines);

	observer.edge(observer.ctx, offset, edge, level);
}

void wire(struct bench *bench, unsigned line, bool level)
{
	enum chip_edge edge = level ? CHIP_EDGE_RISING : CHIP_EDGE_FALLING;

	if (bench->fake.lines[line].level == level)
		return;
	bench->fake.lines[line].level = level;
	if (bench->fake.lines[line].held && (bench->fake.lines[line].config.edges & edge))
		edge_comes(bench, line, edge, level);
}

void assert_settings(struct bench *bench, unsigned line)
{
	const struct chip_line_settings *has = &bench->fake.lines[line].config.settings;
	const struct chip_line_settings *ruled = &bench->rules[line].settings;

	assert_int_equal(has->active_low, ruled->active_low);
	assert_int_equal(has->bias, ruled->bias);
	assert_int_equal(has->drive, ruled->drive);
	assert_int_equal(has->debounce_us, ruled->debounce_us);
}

enum irq_action give(struct bench *bench, unsigned line)
{
	return lines_unmask(&bench->lines, (uint16_t)line);
}

void pulse(struct bench *bench, unsigned line)
{
	wire(bench, line, true);
	wire(bench, line, false);
}
