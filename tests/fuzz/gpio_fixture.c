/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The GPIO device on the fixture. */
#include "gpio_fixture.h"

#include <string.h>

#include "chip/chip_spec.h"
#include "gpio/lines.h"
#include "gpio/lines_attach.h"

struct gpio_fixture gpio_fixture;

/* The first four lines have none. */
const struct line_rules gpio_fixture_rules[GPIO_FIXTURE_LINES] = {
	[1] = { .name = "button" },
	[3] = { .name = "lamp" },
	[4] = { .no_output = true, .no_value = true, .on_disconnect = LINE_IDLE_HOLD },
	[5] = { .no_input = true, .on_disconnect = LINE_IDLE_OUTPUT_LOW },
	[6] = { .name = "x", .no_irq = true, .on_disconnect = LINE_IDLE_INPUT },
	[7] = { .no_output = true, .on_disconnect = LINE_IDLE_OUTPUT_HIGH },
};

static int no_kept_line(void *ctx, unsigned offset)
{
	return -1;
}

static void on_changed(void *ctx, bool is_so)
{
}

static void attach(void)
{
	struct gpio_fixture *b = &gpio_fixture;
	const struct chip_host chip_host = {
		.loop = fixture.loop, .tag = "fuzz", .consumer = "fuzz", .observer = lines_observer(&b->lines)
	};
	const struct virtio_gpio_host host = { .connected = on_changed, .ready = on_changed };
	const struct lines_host lines_host = { .irq = virtio_gpio_irq, .irq_ctx = &b->gpio };

	MUST(chip_attach(&b->spec, &b->found, b->chip_state, &chip_host, &b->chip) == 0 &&
	     lines_attach(&b->lines, b->chip, "fuzz", gpio_fixture_rules, LINES_BEGIN_RESUME, b->line_state,
			  &lines_host, no_kept_line, NULL) == 0 &&
	     virtio_gpio_init(&b->gpio, &b->lines, &host) == 0);
}

static void detach(void)
{
	virtio_gpio_deinit(&gpio_fixture.gpio);
	lines_detach(&gpio_fixture.lines);
	chip_detach(gpio_fixture.chip);
}

void gpio_fixture_check_rules(const struct line_state *state)
{
	for (unsigned i = 0; i < GPIO_FIXTURE_LINES; i++, state++) {
		const struct line_rules *rules = &gpio_fixture_rules[i];

		if ((state->direction == GPIO_DIRECTION_OUT && rules->no_output) ||
		    (state->direction == GPIO_DIRECTION_IN && rules->no_input) ||
		    (state->irq.type != IRQ_TYPE_NONE && (rules->no_irq || rules->no_input)) ||
		    (state->value && rules->no_value))
			FOUND("line %u is what its rules forbid", i);
	}
}

static void check(void)
{
	gpio_fixture_check_rules(gpio_fixture.line_state);
}

void gpio_fixture_start(void)
{
	static const struct fixture_device what = { &virtio_gpio_ops, &gpio_fixture.gpio, attach, detach, check };
	struct gpio_fixture *b = &gpio_fixture;
	struct why why;

	memset(b, 0, sizeof(*b));
	MUST(chip_spec_parse("s8", 2, &b->spec) == 0 && chip_probe(&b->spec, &b->found, &why) == 0);
	b->chip_state = calloc(1, b->found.state_size);
	MUST(b->chip_state);
	fixture_start(&what);
}

void gpio_fixture_end(void)
{
	fixture_end();
	free(gpio_fixture.chip_state);
}
