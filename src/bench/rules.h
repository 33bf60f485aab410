/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The rules of a scenario over a trace: each event is judged once, in order of time, when all before it is known. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bench/rule.h"
#include "bench/trace.h"

struct rules {
	struct rule *list; /* owned; n of them: those that are not in force have no conditions */
	size_t n;
	size_t fed;		   /* events of the trace that were judged */
	const struct rule *broken; /* the one that was broken first; NULL: none */
};

/* 0 or -ENOMEM. */
int rules_init(struct rules *rules, size_t n);
/* Idempotent, also of one that is all zeroes. */
void rules_deinit(struct rules *rules);
/* The i-th one is in force, as new, from since_ns on, of which time the trace has forgotten nothing. */
void rules_start(struct rules *rules, size_t i, enum rule_kind kind, const struct condition *conditions, unsigned n,
		 uint64_t since_ns, const struct trace *trace);
/* Judges what has become known. */
void rules_feed(struct rules *rules, const struct trace *trace);
/* The trace forgets what is older, and was judged. */
void rules_forget(struct rules *rules, struct trace *trace, uint64_t before_ns);
