/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The host's rules for a line, as questions. They bind the guest, and what is believed of a saved session. */
#include "gpio/lines_internal.h"

bool rules_allow_direction(const struct line_rules *rules, uint32_t direction)
{
	return !(direction == GPIO_DIRECTION_OUT && rules->no_output) &&
	       !(direction == GPIO_DIRECTION_IN && rules->no_input);
}

bool rules_allow_value(const struct line_rules *rules)
{
	return !rules->no_value;
}

/* An interrupt makes the line an input. */
bool rules_allow_irq(const struct line_rules *rules, uint32_t type)
{
	return type == IRQ_TYPE_NONE || !(rules->no_irq || rules->no_input);
}

/* Whether a guest can leave a line so. Without SET_VALUE it drives no other level than 0. */
static bool guest_can_leave(const struct line_rules *rules, uint8_t rest)
{
	switch (rest) {
	case LINE_REST_INPUT:
		return rules_allow_direction(rules, GPIO_DIRECTION_IN);
	case LINE_REST_OUTPUT_LOW:
		return rules_allow_direction(rules, GPIO_DIRECTION_OUT);
	case LINE_REST_OUTPUT_HIGH:
		return rules_allow_direction(rules, GPIO_DIRECTION_OUT) && rules_allow_value(rules);
	default:
		return false;
	}
}

bool rules_allow_rest(const struct line_rules *rules, uint8_t rest)
{
	if (rest == LINE_REST_RELEASED)
		return true;
	if (rest >= LINE_REST_HOLD)
		return false;
	if (rest == rules->init || rest == rules->on_disconnect)
		return true;
	return rules->on_disconnect == LINE_REST_HOLD && guest_can_leave(rules, rest);
}
