/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* How late something comes again and again, and how much that differs. */
#include "wave/jitter.h"

#define NS_PER_US 1000u

void jitter_add(struct jitter *jitter, uint64_t late_ns)
{
	uint64_t us = late_ns / NS_PER_US;

	jitter->counts[us < JITTER_US ? us : JITTER_US]++;
	if (jitter->n == 0 || late_ns < jitter->min_ns)
		jitter->min_ns = late_ns;
	if (late_ns > jitter->max_ns)
		jitter->max_ns = late_ns;
	jitter->n++;
}

/* The microsecond in which the middle one is. */
static size_t middle(const struct jitter *jitter)
{
	uint64_t sum = 0;
	size_t us = 0;

	while (us < JITTER_US && (sum += jitter->counts[us]) * 2 < jitter->n)
		us++;
	return us;
}

uint64_t jitter_usual(const struct jitter *jitter)
{
	size_t us = middle(jitter);

	return us < JITTER_US ? us * NS_PER_US : UINT64_MAX;
}

uint64_t jitter_within(const struct jitter *jitter, unsigned percent)
{
	size_t at = middle(jitter);
	uint64_t sum = jitter->counts[at];

	if (at == JITTER_US)
		return UINT64_MAX;
	for (size_t us = 0; us < JITTER_US; us++) {
		if (us > 0 && us <= at)
			sum += jitter->counts[at - us];
		if (us > 0 && at + us < JITTER_US)
			sum += jitter->counts[at + us];
		if (sum * 100 >= jitter->n * percent)
			return us * NS_PER_US;
	}
	return UINT64_MAX;
}

uint64_t jitter_max(const struct jitter *jitter)
{
	uint64_t usual = jitter_usual(jitter), late;

	if (usual == UINT64_MAX || jitter->n == 0)
		return usual;
	late = jitter->max_ns > usual ? jitter->max_ns - usual : 0;
	return usual > jitter->min_ns && usual - jitter->min_ns > late ? usual - jitter->min_ns : late;
}
