/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The rules of a scenario over a trace. */
#include "bench/rules.h"

#include <errno.h>
#include <stdlib.h>

int rules_init(struct rules *rules, size_t n)
{
	*rules = (struct rules){ .n = n, .list = calloc(n + 1, sizeof(*rules->list)) };
	return rules->list ? 0 : -ENOMEM;
}

void rules_deinit(struct rules *rules)
{
	free(rules->list);
	*rules = (struct rules){ .n = 0 };
}

static void broken_note(struct rules *rules, const struct rule *rule)
{
	if (rule->broken && (!rules->broken || rule->time_ns < rules->broken->time_ns))
		rules->broken = rule;
}

void rules_start(struct rules *rules, size_t i, enum rule_kind kind, const struct condition *conditions, unsigned n,
		 uint64_t since_ns, const struct trace *trace)
{
	struct rule *rule = &rules->list[i];

	*rule = (struct rule){ .kind = kind, .conditions = conditions, .n = n };
	for (unsigned line = 0; line < n; line++)
		rule->now[line] = trace->lines[conditions[line].line].base;
	rule_begin(rule, since_ns);
	for (size_t event = 0; event < rules->fed; event++)
		rule_event(rule, &trace->events[event]);
	broken_note(rules, rule);
}

void rules_feed(struct rules *rules, const struct trace *trace)
{
	uint64_t known_ns = trace_known(trace);
	size_t end = trace_count_before(trace, known_ns);

	for (size_t i = 0; i < rules->n; i++) {
		struct rule *rule = &rules->list[i];

		for (size_t event = rules->fed; event < end && rule->n > 0; event++)
			rule_event(rule, &trace->events[event]);
		if (rule->n > 0)
			rule_known(rule, known_ns);
		broken_note(rules, rule);
	}
	rules->fed = end > rules->fed ? end : rules->fed;
}

void rules_forget(struct rules *rules, struct trace *trace, uint64_t before_ns)
{
	uint64_t known_ns = trace_known(trace);
	size_t before = trace->n;

	trace_forget(trace, before_ns < known_ns ? before_ns : known_ns);
	rules->fed -= before - trace->n;
}
