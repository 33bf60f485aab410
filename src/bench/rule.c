/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What must not happen. */
#include "bench/rule.h"

#include <string.h>

void rule_begin(struct rule *rule, uint64_t since_ns)
{
	rule->since_ns = since_ns;
	rule->begun = rule->broken = false;
	memset(rule->seen, 0, sizeof(rule->seen));
}

static bool rule_break(struct rule *rule, uint64_t time_ns)
{
	rule->broken = true;
	rule->time_ns = time_ns;
	return true;
}

/* From this one on. */
static bool all_hold(const struct rule *rule, unsigned from)
{
	for (unsigned i = from; i < rule->n; i++) {
		if (!condition_holds(&rule->conditions[i], rule->now[i]))
			return false;
	}
	return true;
}

/* How things stand at since_ns. */
static void begin(struct rule *rule)
{
	if (rule->begun)
		return;
	rule->begun = true;
	if (rule->kind == RULE_NEVER && all_hold(rule, 0))
		rule_break(rule, rule->since_ns);
}

bool rule_known(struct rule *rule, uint64_t known_ns)
{
	if (!rule->broken && known_ns > rule->since_ns)
		begin(rule);
	return rule->broken;
}

/* The i-th condition of an order came true. */
static bool order_comes(struct rule *rule, unsigned i, uint64_t time_ns)
{
	for (unsigned j = 0; j < i; j++) {
		if (rule->seen[j])
			continue;
		rule->which = i;
		rule->over = j;
		return rule_break(rule, time_ns);
	}
	rule->seen[i] = true;
	return false;
}

bool rule_event(struct rule *rule, const struct line_event *event)
{
	bool counts = event->time_ns >= rule->since_ns, comes[RULE_CONDITIONS_MAX] = { false };

	if (rule_known(rule, event->time_ns))
		return true;
	for (unsigned i = 0; i < rule->n; i++) {
		if (rule->conditions[i].line != event->line)
			continue;
		comes[i] = counts && condition_comes(&rule->conditions[i], rule->now[i], event->now);
		rule->now[i] = event->now;
	}
	if (rule->kind == RULE_NEVER && counts && (comes[0] || !condition_is_edge(&rule->conditions[0])))
		return all_hold(rule, condition_is_edge(&rule->conditions[0])) && rule_break(rule, event->time_ns);
	for (unsigned i = 0; rule->kind == RULE_ORDER && i < rule->n && !rule->broken; i++) {
		if (comes[i] && !rule->seen[i])
			order_comes(rule, i, event->time_ns);
	}
	return rule->broken;
}
