/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From the rules of a line to what its chip is asked for. */
#include "chip/line_rules.h"

const char *const line_rules_idle_words[LINE_IDLE_HOLD] = {
	[LINE_IDLE_RELEASED] = "release on disconnect",
	[LINE_IDLE_INPUT] = "set input on disconnect",
	[LINE_IDLE_OUTPUT_LOW] = "set output low on disconnect",
	[LINE_IDLE_OUTPUT_HIGH] = "set output high on disconnect",
};

/* Whether a guest can make a line so, for HOLD to hold. Without SET_VALUE it drives no other level than 0. */
static bool guest_can_make(const struct line_rules *rules, uint8_t idle)
{
	switch (idle) {
	case LINE_IDLE_INPUT:
		return !rules->no_input;
	case LINE_IDLE_OUTPUT_LOW:
		return !rules->no_output;
	case LINE_IDLE_OUTPUT_HIGH:
		return !rules->no_output && !rules->no_value;
	default:
		return false;
	}
}

bool line_rules_allow_idle(const struct line_rules *rules, uint8_t idle)
{
	if (idle == LINE_IDLE_RELEASED)
		return true;
	if (idle >= LINE_IDLE_HOLD)
		return false;
	if (idle == rules->init || idle == rules->on_disconnect)
		return true;
	return rules->on_disconnect == LINE_IDLE_HOLD && guest_can_make(rules, idle);
}

uint8_t line_rules_idle_of_held(const struct line_rules *rules, enum chip_direction direction)
{
	if (rules->on_disconnect != LINE_IDLE_HOLD)
		return rules->on_disconnect;
	if (direction == CHIP_DIRECTION_IN)
		return line_rules_allow_idle(rules, LINE_IDLE_INPUT) ? LINE_IDLE_INPUT : LINE_IDLE_RELEASED;
	if (!line_rules_allow_idle(rules, LINE_IDLE_OUTPUT_LOW))
		return line_rules_allow_idle(rules, LINE_IDLE_OUTPUT_HIGH) ? LINE_IDLE_OUTPUT_HIGH : LINE_IDLE_RELEASED;
	return line_rules_allow_idle(rules, LINE_IDLE_OUTPUT_HIGH) ? LINE_IDLE_HOLD : LINE_IDLE_OUTPUT_LOW;
}

struct chip_line_config line_rules_idle_config(const struct line_rules *rules, uint8_t idle)
{
	bool high = idle == LINE_IDLE_OUTPUT_HIGH;

	return (struct chip_line_config){
		.direction = high || idle == LINE_IDLE_OUTPUT_LOW ? CHIP_DIRECTION_OUT : CHIP_DIRECTION_IN,
		.value = high,
		.settings = rules->settings,
	};
}
