/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the chip holds of a line: what the guest made of it, or what the host's rules make of it while the guest uses
 * nothing of it.
 */
#include "gpio/line_chip.h"

#include "chip/chip.h"
#include "gpio/report.h"

bool line_is_used(const struct line_state *state)
{
	return state->direction != GPIO_DIRECTION_NONE || state->irq.type != IRQ_TYPE_NONE;
}

bool line_is_held(const struct line_state *state)
{
	return line_is_used(state) || state->idle != LINE_IDLE_RELEASED;
}

/* While the front-end is away the first edge is looked for: no guest looks, that one is all that it will be told of. */
static enum chip_edge idle_edges(const struct line_state *state)
{
	const struct irq *irq = &state->note.irq;
	bool waits = state->idle == LINE_IDLE_INPUT && !irq->latched && !irq_type_is_level(irq->type);

	return waits ? irq_edges(irq->type) : CHIP_EDGE_NONE;
}

struct chip_line_config line_chip_config(const struct line_rules *rules, const struct line_state *state)
{
	struct chip_line_config config = { .settings = rules->settings };

	if (!line_is_used(state)) {
		config = line_rules_idle_config(rules, state->idle);
		config.edges = idle_edges(state);
	} else if (state->direction == GPIO_DIRECTION_OUT) {
		config.direction = CHIP_DIRECTION_OUT;
		config.value = state->value;
	} else {
		config.direction = CHIP_DIRECTION_IN;
		config.edges = irq_edges(state->irq.type);
	}
	return config;
}

int line_chip_apply(struct lines *lines, uint16_t line, const struct line_state *state)
{
	struct chip_line_config config = line_chip_config(&lines->rules[line], state);
	int ret = 0;

	if (line_is_held(state))
		ret = chip_configure(lines->chip, line, &config);
	else
		chip_release(lines->chip, line);
	if (ret == 0)
		lines->stale[line] = false;
	return ret;
}

bool line_chip_same(const struct line_rules *rules, const struct line_state *a, const struct line_state *b)
{
	struct chip_line_config config_a = line_chip_config(rules, a), config_b = line_chip_config(rules, b);

	if (!line_is_held(a) || !line_is_held(b))
		return line_is_held(a) == line_is_held(b);
	return config_a.direction == config_b.direction && config_a.value == config_b.value &&
	       config_a.edges == config_b.edges;
}

bool line_chip_level(struct lines *lines, uint16_t line)
{
	int level = chip_get(lines->chip, line);

	if (level < 0)
		report_failure(lines, line, "get level for interrupt", level);
	return level > 0;
}

/* A level that became active meanwhile fires; edges of that time were seen by nobody. */
static void line_restore(struct lines *lines, uint16_t line)
{
	struct line_state *state = &lines->state[line];
	int ret;

	if (!line_is_held(state))
		return;
	ret = line_chip_apply(lines, line, state);
	lines->stale[line] = ret < 0;
	if (ret < 0)
		report_failure(lines, line, "restore after replug", ret);
	else if (state->irq.unmasked && irq_type_is_level(state->irq.type))
		report_irq(lines, line, irq_edge(&state->irq, CHIP_EDGE_NONE, line_chip_level(lines, line)));
	report_change(lines, line);
}

void line_chip_restore(struct lines *lines, uint16_t chip)
{
	for (unsigned i = 0; i < lines->n_lines; i++) {
		if (lines->rules[i].chip == chip)
			line_restore(lines, (uint16_t)i);
	}
}

bool line_chip_is_stale(const struct lines *lines, uint16_t chip)
{
	for (unsigned i = 0; i < lines->n_lines; i++) {
		if (lines->rules[i].chip == chip && lines->stale[i])
			return true;
	}
	return false;
}
