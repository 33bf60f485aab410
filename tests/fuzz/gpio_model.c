/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the lines should do. */
#include "gpio_model.h"

#include <errno.h>
#include <string.h>

#include "gpio_fixture.h"
#include "irq_model.h"

enum { NONE, OUT, IN };

static struct model_line {
	uint8_t direction, value;
	struct irq_model irq;
	uint8_t wire; /* what the host makes of it: NONE, OUT, IN */
	uint8_t driven;
	int outside; /* -1: lets go */
	bool pull_up;
} lines[GPIO_FIXTURE_LINES];

static void (*tell)(unsigned line, uint8_t status);

void gpio_model_start(void (*event)(unsigned line, uint8_t status))
{
	tell = event;
	memset(lines, 0, sizeof(lines));
	for (unsigned i = 0; i < GPIO_FIXTURE_LINES; i++)
		lines[i].outside = -1;
}

static bool level(const struct model_line *line)
{
	if (line->wire == OUT)
		return line->driven;
	return line->outside >= 0 ? line->outside : line->pull_up;
}

static bool is_used(const struct model_line *line)
{
	return line->direction != NONE || line->irq.type != 0;
}

static void drive(struct model_line *line, uint8_t value)
{
	line->wire = OUT;
	line->driven = value;
	line->outside = -1;
}

static void answer(const struct model_line *line, enum irq_action action)
{
	if (action == IRQ_FIRE || action == IRQ_INVALID)
		tell((unsigned)(line - lines), action == IRQ_FIRE);
}

static bool set_direction(struct model_line *line, const struct line_rules *rules, uint32_t value)
{
	if (value == OUT ? rules->no_output || line->irq.type != 0 : value == IN ? rules->no_input : value != NONE)
		return false;
	if (value == NONE) {
		if (is_used(line))
			line->wire = NONE;
		line->value = 0;
		answer(line, irq_model_set_type(&line->irq, 0, false));
	} else if (value == OUT) {
		drive(line, line->value);
	} else {
		line->wire = IN;
	}
	line->direction = (uint8_t)value;
	return true;
}

static bool set_value(struct model_line *line, const struct line_rules *rules, uint32_t value)
{
	if (rules->no_value || value > 1)
		return false;
	line->value = (uint8_t)value;
	if (line->direction == OUT)
		line->driven = line->value;
	return true;
}

static bool set_irq_type(struct model_line *line, const struct line_rules *rules, uint32_t type)
{
	bool was_used = is_used(line);

	if (!irq_model_is_valid(type))
		return false;
	if (type != 0 && (rules->no_irq || rules->no_input || line->direction == OUT))
		return false;
	if (type != 0)
		line->wire = IN;
	answer(line, irq_model_set_type(&line->irq, type, level(line)));
	if (was_used && !is_used(line))
		line->wire = NONE;
	return true;
}

static bool act(uint16_t type, uint16_t gpio, uint32_t value, uint8_t *answered)
{
	const struct line_rules *rules = &gpio_fixture_rules[gpio];
	struct model_line *line = &lines[gpio];

	switch (type) {
	case 2:
		*answered = line->direction;
		return true;
	case 3:
		return set_direction(line, rules, value);
	case 4:
		*answered = is_used(line) && level(line);
		return is_used(line);
	case 5:
		return set_value(line, rules, value);
	case 6:
		return set_irq_type(line, rules, value);
	default:
		return false;
	}
}

/* One string for each line; the whole of it, or zeroes behind a status of ERR. */
static unsigned line_names(uint8_t *out, unsigned out_len)
{
	static const char names[] = "\0\0button\0\0lamp\0\0\0x\0"; /* with the status, and one more terminator */

	if (out_len >= sizeof(names)) {
		memcpy(out, names, sizeof(names));
		return sizeof(names);
	}
	memset(out, 0, out_len);
	if (out_len > 0)
		out[0] = 1;
	return out_len;
}

unsigned gpio_model_request(uint16_t type, uint16_t gpio, uint32_t value, unsigned in_len, uint8_t *out,
			    unsigned out_len)
{
	uint8_t response[2] = { 1, 0 };
	unsigned len = out_len < 2 ? out_len : 2;

	if (in_len == 8 && type == 1)
		return line_names(out, out_len);
	if (in_len == 8 && out_len >= 2 && gpio < GPIO_FIXTURE_LINES && act(type, gpio, value, &response[1]))
		response[0] = 0;
	memcpy(out, response, len);
	return len;
}

bool gpio_model_takes_buffer(unsigned line)
{
	return line < GPIO_FIXTURE_LINES && !lines[line].irq.held;
}

void gpio_model_buffer(unsigned line)
{
	answer(&lines[line], irq_model_unmask(&lines[line].irq, level(&lines[line])));
}

static void moved(struct model_line *line, bool before)
{
	if (line->wire == IN && level(line) != before)
		answer(line, irq_model_edge(&line->irq, before ? 2 : 1, !before));
}

int gpio_model_drive(unsigned line, bool to)
{
	bool before = level(&lines[line]);

	if (lines[line].wire == OUT)
		return -EBUSY;
	lines[line].outside = to;
	moved(&lines[line], before);
	return 0;
}

void gpio_model_pull(unsigned line, bool up)
{
	bool before = level(&lines[line]);

	lines[line].outside = -1;
	lines[line].pull_up = up;
	moved(&lines[line], before);
}

static void line_disconnect(struct model_line *line, const struct line_rules *rules)
{
	switch (rules->on_disconnect) {
	case LINE_IDLE_RELEASED:
		line->wire = NONE;
		break;
	case LINE_IDLE_INPUT:
		line->wire = IN;
		break;
	case LINE_IDLE_OUTPUT_LOW:
	case LINE_IDLE_OUTPUT_HIGH:
		drive(line, rules->on_disconnect == LINE_IDLE_OUTPUT_HIGH);
		break;
	default: /* HOLD: as it is */
		break;
	}
	line->direction = NONE;
	line->value = 0;
	line->irq = (struct irq_model){ .type = 0 };
}

void gpio_model_disconnect(void)
{
	for (unsigned i = 0; i < GPIO_FIXTURE_LINES; i++)
		line_disconnect(&lines[i], &gpio_fixture_rules[i]);
}

void gpio_model_check(void)
{
	for (unsigned i = 0; i < GPIO_FIXTURE_LINES; i++) {
		const struct line_state *state = &gpio_fixture.line_state[i];

		MUST(chip_outside_level(gpio_fixture.chip, i) == level(&lines[i]));
		MUST(state->direction == lines[i].direction && state->irq.type == lines[i].irq.type &&
		     state->irq.unmasked == lines[i].irq.held);
		/* A request that cannot be seen to have failed would be one. */
		MUST(state->value == lines[i].value && state->irq.latched == lines[i].irq.latched);
	}
}
