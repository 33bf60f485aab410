/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What must not happen, from some time on: edges in another order than said, or a condition while others hold. As
 * judge.h: no I/O, no clock, and it needs the events of all its lines in order of time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/condition.h"

#define RULE_CONDITIONS_MAX 16

enum rule_kind {
	RULE_ORDER, /* of any two, the first one comes first */
	RULE_NEVER, /* the first one, while all others hold */
};

struct rule {
	enum rule_kind kind;
	const struct condition *conditions;	  /* the caller's */
	unsigned n;				  /* up to RULE_CONDITIONS_MAX */
	struct line_now now[RULE_CONDITIONS_MAX]; /* the line of each */
	uint64_t since_ns;
	bool begun;
	bool seen[RULE_CONDITIONS_MAX]; /* RULE_ORDER: it came */
	bool broken;
	uint64_t time_ns;     /* when it was broken */
	unsigned which, over; /* RULE_ORDER: this one came without that one */
};

/* From since_ns on. now is set by the caller, before all events that will be told of. */
void rule_begin(struct rule *rule, uint64_t since_ns);
/* The next event, of any line. Both: whether the rule is broken. */
bool rule_event(struct rule *rule, const struct line_event *event);
/* No event comes any more that is older than known_ns. */
bool rule_known(struct rule *rule, uint64_t known_ns);
