/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What is done to a line over a time, as a sequence of edges. */
#include "bench/stimulus.h"

#define PAIRS_MAX 5 /* of a bounce: opened and closed again so often */

/* splitmix64. */
static uint64_t random_next(struct stimulus *stimulus)
{
	uint64_t z = stimulus->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void contact_begin(struct stimulus *stimulus)
{
	stimulus->n = 0;
	stimulus->n_bounces = stimulus->spec.bounce_ns > 0 ? 2 * (1 + random_next(stimulus) % PAIRS_MAX) : 0;
}

bool stimulus_is_good(const struct stimulus_spec *spec)
{
	return spec->length_ns >= 2 && spec->length_ns > spec->bounce_ns &&
	       (spec->bounce_ns == 0 || spec->bounce_ns >= STIMULUS_BOUNCE_MIN);
}

void stimulus_begin(struct stimulus *stimulus, const struct stimulus_spec *spec)
{
	*stimulus = (struct stimulus){ .spec = *spec, .random = spec->seed };
	contact_begin(stimulus);
}

/* The contact closes, or opens, and bounces: an edge in each of as many equal parts of that time. */
static bool press_next(struct stimulus *stimulus, struct stimulus_edge *edge)
{
	uint64_t slot;

	if (stimulus->n > stimulus->n_bounces) {
		if (stimulus->released)
			return false;
		stimulus->released = true;
		contact_begin(stimulus);
	}
	slot = stimulus->n_bounces > 0 ? stimulus->spec.bounce_ns / stimulus->n_bounces : 0;
	edge->at_ns = stimulus->released ? stimulus->spec.length_ns : 0;
	edge->action = (stimulus->n % 2 == 0) != stimulus->released ? STIMULUS_ACTIVE : STIMULUS_RELEASE;
	if (stimulus->n > 0)
		edge->at_ns += slot * (stimulus->n - 1) + 1 + random_next(stimulus) % (slot - 1);
	stimulus->n++;
	return true;
}

bool stimulus_next(struct stimulus *stimulus, struct stimulus_edge *edge)
{
	const struct stimulus_spec *spec = &stimulus->spec;
	bool pulse = spec->kind == STIMULUS_PULSE;
	uint64_t n = stimulus->n, end = pulse ? 2 : 2 * (uint64_t)spec->count;

	if (spec->kind == STIMULUS_PRESS)
		return press_next(stimulus, edge);
	if (n >= end && end > 0)
		return false;
	edge->at_ns = pulse ? n * spec->length_ns : n * spec->length_ns / 2;
	edge->action = n % 2 == 0 ? STIMULUS_ACTIVE : STIMULUS_IDLE;
	stimulus->n++;
	return true;
}

uint64_t stimulus_duration(const struct stimulus_spec *spec)
{
	if (spec->kind == STIMULUS_BLINK)
		return spec->count > 0 ? spec->length_ns * spec->count : UINT64_MAX;
	return spec->length_ns + spec->bounce_ns;
}
