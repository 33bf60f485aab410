/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the chip holds of a line: what the guest made of it, or what the host's rules make of it while the guest uses
 * nothing of it. Also what becomes of all lines at once, when a session ends or a chip comes back.
 */
#include <errno.h>

#include "base/util.h"
#include "gpio/lines_internal.h"

/* By enum line_rest: what it is on the chip, and how the log calls taking it. */
static const struct rest {
	enum chip_direction direction;
	uint8_t value;
	const char *operation;
} rests[] = {
	[LINE_REST_RELEASED] = { CHIP_DIRECTION_IN, 0, "release" },
	[LINE_REST_INPUT] = { CHIP_DIRECTION_IN, 0, "leave as input" },
	[LINE_REST_OUTPUT_LOW] = { CHIP_DIRECTION_OUT, 0, "leave as output-low" },
	[LINE_REST_OUTPUT_HIGH] = { CHIP_DIRECTION_OUT, 1, "leave as output-high" },
};

bool line_is_used(const struct line_state *state)
{
	return state->direction != GPIO_DIRECTION_NONE || state->irq.type != IRQ_TYPE_NONE;
}

bool line_is_held(const struct line_state *state)
{
	return line_is_used(state) || state->rest != LINE_REST_RELEASED;
}

struct chip_line_config line_chip_config(const struct line_rules *rules, const struct line_state *state)
{
	bool out = state->direction == GPIO_DIRECTION_OUT;

	if (!line_is_used(state)) {
		return (struct chip_line_config){
			.edges = state->rest == LINE_REST_INPUT ? line_left_edges(&state->left) : CHIP_EDGE_NONE,
			.direction = rests[state->rest].direction,
			.value = rests[state->rest].value,
			.settings = rules->settings,
		};
	}
	return (struct chip_line_config){
		.direction = out ? CHIP_DIRECTION_OUT : CHIP_DIRECTION_IN,
		.value = out ? state->value : 0,
		.edges = out ? CHIP_EDGE_NONE : irq_edges(state->irq.type),
		.settings = rules->settings,
	};
}

int line_apply(struct lines *lines, uint16_t line, const struct line_state *state)
{
	struct chip_line_config config = line_chip_config(&lines->rules[line], state);
	int ret = 0;

	if (line_is_held(state))
		ret = chip_configure(lines->chip, line, &config);
	else
		chip_release(lines->chip, line);
	if (ret == 0)
		lines->lost[line] = false;
	return ret;
}

bool line_stays(const struct line_rules *rules, const struct line_state *a, const struct line_state *b)
{
	struct chip_line_config config_a = line_chip_config(rules, a), config_b = line_chip_config(rules, b);

	if (!line_is_held(a) || !line_is_held(b))
		return line_is_held(a) == line_is_held(b);
	return config_a.direction == config_b.direction && config_a.value == config_b.value &&
	       config_a.edges == config_b.edges;
}

/* What becomes of the line when its guest goes. */
static uint8_t line_fate(const struct line_rules *rules, const struct line_state *state)
{
	if (rules->on_disconnect != LINE_REST_HOLD)
		return rules->on_disconnect;
	if (!line_is_used(state))
		return state->rest;
	if (state->direction != GPIO_DIRECTION_OUT)
		return LINE_REST_INPUT;
	return state->value ? LINE_REST_OUTPUT_HIGH : LINE_REST_OUTPUT_LOW;
}

/* A chip that is gone may come back: then lines_restore() makes of the line what should be now. */
static void line_reset(struct lines *lines, uint16_t line, struct line_left left)
{
	struct line_state *state = &lines->state[line], old = *state;
	struct line_state next = { .rest = line_fate(&lines->rules[line], state), .left = left };
	int ret = 0;

	if (lines->lost[line] || !line_stays(&lines->rules[line], state, &next))
		ret = line_apply(lines, line, &next);
	if (ret < 0)
		lines_failed(lines, line, rests[next.rest].operation, ret);
	if (ret == -ENODEV) {
		lines->lost[line] = true;
	} else if (ret < 0) {
		next.rest = LINE_REST_RELEASED;
		line_apply(lines, line, &next);
	}
	*state = next;
	if (line_is_used(&old) || old.rest != next.rest)
		lines_changed(lines, line);
}

void lines_reset(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++)
		line_reset(lines, (uint16_t)i, (struct line_left){ 0 });
	chip_settle(lines->chip);
}

void lines_leave(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++)
		line_reset(lines, (uint16_t)i, lines->state[i].left);
	chip_settle(lines->chip);
}

/* A level that became active meanwhile is told; edges of that time are lost, nobody saw them. */
static void line_restore(struct lines *lines, uint16_t line)
{
	struct line_state *state = &lines->state[line];
	int ret;

	if (!line_is_held(state))
		return;
	ret = line_apply(lines, line, state);
	lines->lost[line] = ret < 0;
	if (ret < 0)
		lines_failed(lines, line, "restore", ret);
	else if (state->irq.unmasked && irq_type_is_level(state->irq.type))
		lines_answer(lines, line, irq_edge(&state->irq, CHIP_EDGE_NONE, line_is_level(lines, line)));
	lines_changed(lines, line);
}

void lines_restore(struct lines *lines, uint16_t chip)
{
	for (unsigned i = 0; i < lines->n_lines; i++) {
		if (lines->rules[i].chip == chip)
			line_restore(lines, (uint16_t)i);
	}
}

bool lines_are_lost(const struct lines *lines, uint16_t chip)
{
	for (unsigned i = 0; i < lines->n_lines; i++) {
		if (lines->rules[i].chip == chip && lines->lost[i])
			return true;
	}
	return false;
}
