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

bool policy_allows_state(const struct line_rules *rules, const struct line_state *state)
{
	if (state->direction > GPIO_DIRECTION_IN || state->value > 1 || !irq_type_valid(state->irq.type))
		return false;
	if (state->direction == GPIO_DIRECTION_OUT && state->irq.type != IRQ_TYPE_NONE)
		return false;
	return policy_allows_direction(rules, state->direction) && policy_allows_irq(rules, state->irq.type) &&
	       (policy_allows_value(rules) || state->value == 0) && line_rules_allow_idle(rules, state->idle);
}

bool policy_allows_note(const struct line_rules *rules, const struct reconnect_note *note)
{
	const struct line_state state = { .direction = note->direction, .value = note->value, .irq = note->irq };

	return policy_allows_state(rules, &state);
}
