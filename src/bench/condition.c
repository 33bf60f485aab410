/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What can be said of a line. */
#include "bench/condition.h"

#include <stdio.h>

static const char *const edge_words[] = {
	[CONDITION_RISING] = "rising", [CONDITION_FALLING] = "falling", [CONDITION_EDGE] = "changes"
};
static const char *const direction_words[] = { "none", "output", "input" };

bool condition_holds(const struct condition *condition, struct line_now now)
{
	if (condition->kind == CONDITION_LEVEL)
		return now.level == (int8_t)condition->value;
	return condition->kind == CONDITION_DIRECTION && now.direction == condition->value;
}

bool condition_comes(const struct condition *condition, struct line_now before, struct line_now after)
{
	bool rises = before.level == 0 && after.level == 1, falls = before.level == 1 && after.level == 0;

	switch ((enum condition_kind)condition->kind) {
	case CONDITION_RISING:
		return rises;
	case CONDITION_FALLING:
		return falls;
	case CONDITION_EDGE:
		return rises || falls;
	case CONDITION_LEVEL:
	case CONDITION_DIRECTION:
		break;
	}
	return condition_holds(condition, after);
}

void condition_print(const struct condition *condition, const char *line, char *text, size_t size)
{
	if (condition->kind == CONDITION_LEVEL)
		snprintf(text, size, "%s=%d", line, condition->value);
	else if (condition->kind == CONDITION_DIRECTION)
		snprintf(text, size, "%s %s", line, direction_words[condition->value]);
	else
		snprintf(text, size, "%s %s", line, edge_words[condition->kind]);
}
