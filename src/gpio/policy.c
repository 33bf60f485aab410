/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The host's rules for a line, as questions. */
#include "gpio/policy.h"

bool policy_allows_direction(const struct line_rules *rules, uint32_t direction)
{
	return !(direction == GPIO_DIRECTION_OUT && rules->no_output) &&
	       !(direction == GPIO_DIRECTION_IN && rules->no_input);
}

bool policy_allows_value(const struct line_rules *rules)
{
	return !rules->no_value;
}

/* An interrupt makes the line an input. */
bool policy_allows_irq(const struct line_rules *rules, uint32_t type)
{
	return type == IRQ_TYPE_NONE || !(rules->no_irq || rules->no_input);
}

/* Whether a guest can make a line so, for HOLD to hold. Without SET_VALUE it drives no other level than 0. */
static bool guest_can_make(const struct line_rules *rules, uint8_t idle)
{
	switch (idle) {
	case LINE_IDLE_INPUT:
		return policy_allows_direction(rules, GPIO_DIRECTION_IN);
	case LINE_IDLE_OUTPUT_LOW:
		return policy_allows_direction(rules, GPIO_DIRECTION_OUT);
	case LINE_IDLE_OUTPUT_HIGH:
		return policy_allows_direction(rules, GPIO_DIRECTION_OUT) && policy_allows_value(rules);
	default:
		return false;
	}
}

bool policy_allows_idle(const struct line_rules *rules, uint8_t idle)
{
	if (idle == LINE_IDLE_RELEASED)
		return true;
	if (idle >= LINE_IDLE_HOLD)
		return false;
	if (idle == rules->init || idle == rules->on_disconnect)
		return true;
	return rules->on_disconnect == LINE_IDLE_HOLD && guest_can_make(rules, idle);
}

bool policy_allows_state(const struct line_rules *rules, const struct line_state *state)
{
	if (state->direction > GPIO_DIRECTION_IN || state->value > 1 || !irq_type_valid(state->irq.type))
		return false;
	if (state->direction == GPIO_DIRECTION_OUT && state->irq.type != IRQ_TYPE_NONE)
		return false;
	return policy_allows_direction(rules, state->direction) && policy_allows_irq(rules, state->irq.type) &&
	       (policy_allows_value(rules) || state->value == 0) && policy_allows_idle(rules, state->idle);
}

bool policy_allows_note(const struct line_rules *rules, const struct reconnect_note *note)
{
	const struct line_state state = { .direction = note->direction, .value = note->value, .irq = note->irq };

	return policy_allows_state(rules, &state);
}
