/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What becomes of lines that no guest uses any longer. */
#include "gpio/idle_state.h"

#include <errno.h>

#include "chip/chip.h"
#include "gpio/line_chip.h"
#include "gpio/report.h"

static uint8_t on_disconnect(const struct line_rules *rules, const struct line_state *state)
{
	if (rules->on_disconnect != LINE_IDLE_HOLD)
		return rules->on_disconnect;
	if (!line_is_used(state))
		return state->idle;
	if (state->direction != GPIO_DIRECTION_OUT)
		return LINE_IDLE_INPUT;
	return state->value ? LINE_IDLE_OUTPUT_HIGH : LINE_IDLE_OUTPUT_LOW;
}

/* A chip that is gone may be plugged in again: then line_chip_restore() makes of the line what should be now. */
static void line_enter(struct lines *lines, uint16_t line, struct reconnect_note note)
{
	struct line_state *state = &lines->state[line], old = *state;
	struct line_state next = { .idle = on_disconnect(&lines->rules[line], state), .note = note };
	int ret = 0;

	if (lines->stale[line] || !line_chip_same(&lines->rules[line], state, &next))
		ret = line_chip_apply(lines, line, &next);
	if (ret < 0)
		report_failure(lines, line, line_rules_idle_words[next.idle], ret);
	if (ret == -ENODEV) {
		lines->stale[line] = true;
	} else if (ret < 0) {
		next.idle = LINE_IDLE_RELEASED;
		line_chip_apply(lines, line, &next);
	}
	*state = next;
	if (line_is_used(&old) || old.idle != next.idle)
		report_change(lines, line);
}

void idle_state_enter(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++)
		line_enter(lines, (uint16_t)i, (struct reconnect_note){ 0 });
	chip_settle(lines->chip);
}

void idle_state_enter_noted(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++)
		line_enter(lines, (uint16_t)i, lines->state[i].note);
	chip_settle(lines->chip);
}

/* Adopting a request configures it, so an output cannot be asked for its level before it is given one. */
uint8_t idle_state_of_dropped(struct lines *lines, uint16_t line, bool stored)
{
	const struct line_rules *rules = &lines->rules[line];
	struct chip_line_info info;

	if (rules->on_disconnect != LINE_IDLE_HOLD)
		return rules->on_disconnect;
	if (stored && line_rules_allow_idle(rules, LINE_IDLE_INPUT) && chip_line_info(lines->chip, line, &info) == 0 &&
	    info.used && info.direction == CHIP_DIRECTION_IN)
		return LINE_IDLE_INPUT;
	if (stored)
		log_limited(&lines->log_limit, LOG_LEVEL_WARNING, lines->tag,
			    "line %u: released instead of held, its last state is unknown", line);
	return LINE_IDLE_RELEASED;
}
