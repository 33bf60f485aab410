/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What came in the place of what was expected, in words. */
#include "board/came.h"

#include <stdio.h>

#define NS_PER_S  1e9
#define NS_PER_MS 1e6

static const char *level_text(int8_t level)
{
	return level < 0 ? "unknown" : level ? "1" : "0";
}

static void pulses_print(const struct judge *judge, char *text, size_t size)
{
	double span = (double)(judge->last_ns - judge->first_ns) / NS_PER_S;

	if (judge->n_rising > 1)
		snprintf(text, size, "%u pulses at %.3f Hz", judge->n_rising, (judge->n_rising - 1) / span);
	else
		snprintf(text, size, "%u pulse%s", judge->n_rising, judge->n_rising == 1 ? "" : "s");
}

static const char *direction_text(uint8_t direction)
{
	return direction == LINE_DIRECTION_INPUT    ? "an input"
	       : direction == LINE_DIRECTION_OUTPUT ? "an output"
						    : "unused";
}

void came_of_judge(const struct judge *judge, const struct board *board, char *text, size_t size)
{
	const struct expectation *e = &judge->expectation;
	const char *name = board->lines[e->condition.line].name;
	const char *level = level_text(judge->now.level);

	if (e->pulses)
		pulses_print(judge, text, size);
	else if (e->condition.kind == CONDITION_DIRECTION)
		snprintf(text, size, "%s is %s", name, direction_text(judge->now.direction));
	else if (judge->n_edges == 0)
		snprintf(text, size, "nothing: %s stayed %s", name, level);
	else
		snprintf(text, size, "%u edge%s, the last one after %.3f ms: %s is %s", judge->n_edges,
			 judge->n_edges == 1 ? "" : "s", (double)(judge->edge_ns - judge->since_ns) / NS_PER_MS, name,
			 level);
}

void came_of_rule(const struct rule *rule, const struct board *board, uint64_t begin_ns, char *text, size_t size)
{
	double at = (double)(rule->time_ns - begin_ns) / NS_PER_S;
	char first[96], second[96];

	if (rule->kind == RULE_NEVER) {
		snprintf(text, size, "it was so at %.6f s", at);
		return;
	}
	condition_print(&rule->conditions[rule->which], board->lines[rule->conditions[rule->which].line].name, first,
			sizeof(first));
	condition_print(&rule->conditions[rule->over], board->lines[rule->conditions[rule->over].line].name, second,
			sizeof(second));
	snprintf(text, size, "%s at %.6f s, without %s before", first, at, second);
}
