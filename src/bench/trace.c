/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What is known of the lines. */
#include "bench/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int trace_init(struct trace *trace, size_t n_lines, size_t n_guests)
{
	*trace = (struct trace){ .n_lines = n_lines, .n_guests = n_guests };
	trace->lines = calloc(n_lines + 1, sizeof(*trace->lines));
	trace->told_ns = calloc(n_guests + 1, sizeof(*trace->told_ns));
	if (!trace->lines || !trace->told_ns) {
		trace_deinit(trace);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n_lines; i++)
		trace->lines[i].base = trace->lines[i].present = (struct line_now){ .level = -1 };
	return 0;
}

void trace_deinit(struct trace *trace)
{
	free(trace->lines);
	free(trace->told_ns);
	free(trace->events);
	*trace = (struct trace){ .n = 0 };
}

void trace_set(struct trace *trace, uint16_t line, uint16_t guest, struct line_now now)
{
	trace->lines[line] = (struct trace_line){ .guest = guest, .base = now, .present = now };
}

static int reserve(struct trace *trace)
{
	size_t room = trace->room > 0 ? 2 * trace->room : 256;
	struct line_event *events;

	if (trace->n >= TRACE_EVENTS_MAX)
		return -ENOSPC;
	if (trace->n < trace->room)
		return 0;
	events = realloc(trace->events, room * sizeof(*events));
	if (!events)
		return -ENOMEM;
	trace->events = events;
	trace->room = room;
	return 0;
}

int trace_add(struct trace *trace, const struct line_event *event)
{
	int ret = reserve(trace);
	size_t at = trace->n;

	if (ret < 0)
		return ret;
	/* Guests may be told of out of order; seldom, and not far. */
	while (at > 0 && trace->events[at - 1].time_ns > event->time_ns)
		at--;
	memmove(&trace->events[at + 1], &trace->events[at], (trace->n - at) * sizeof(*event));
	trace->events[at] = *event;
	trace->n++;
	trace->lines[event->line].present = event->now;
	trace_told(trace, trace->lines[event->line].guest, event->time_ns);
	return 0;
}

void trace_told(struct trace *trace, uint16_t guest, uint64_t time_ns)
{
	if (trace->told_ns[guest] < time_ns)
		trace->told_ns[guest] = time_ns;
}

uint64_t trace_known(const struct trace *trace)
{
	uint64_t known = trace->n_guests > 0 ? UINT64_MAX : 0;

	for (size_t i = 0; i < trace->n_guests; i++) {
		if (trace->told_ns[i] < known)
			known = trace->told_ns[i];
	}
	return known;
}

size_t trace_count_before(const struct trace *trace, uint64_t time_ns)
{
	size_t low = 0, high = trace->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (trace->events[middle].time_ns < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_edge(struct line_now before, struct line_now after)
{
	static const struct condition edge = { .kind = CONDITION_EDGE };

	return condition_comes(&edge, before, after);
}

void trace_forget(struct trace *trace, uint64_t before_ns)
{
	size_t n = trace_count_before(trace, before_ns);

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct line_event *event = &trace->events[i];
		struct line_now *base = &trace->lines[event->line].base;

		if (is_edge(*base, event->now))
			trace->recent[trace->n_recent++ % TRACE_RECENT] = *event;
		*base = event->now;
	}
	trace->n -= n;
	memmove(trace->events, trace->events + n, trace->n * sizeof(*trace->events));
}

/* Whether the i-th of the events is an edge: as against its line's last one, or what was before. */
static bool event_is_edge(const struct trace *trace, size_t i)
{
	const struct line_event *event = &trace->events[i];
	struct line_now before = trace->lines[event->line].base;

	for (size_t j = i; j-- > 0;) {
		if (trace->events[j].line == event->line) {
			before = trace->events[j].now;
			break;
		}
	}
	return is_edge(before, event->now);
}

size_t trace_last_edges(const struct trace *trace, struct line_event *edges, size_t n)
{
	size_t found = 0, kept = trace->n_recent < TRACE_RECENT ? trace->n_recent : TRACE_RECENT;

	for (size_t i = trace->n; i-- > 0 && found < n;) {
		if (event_is_edge(trace, i))
			edges[n - ++found] = trace->events[i];
	}
	for (size_t i = 0; i < kept && found < n; i++)
		edges[n - ++found] = trace->recent[(trace->n_recent - 1 - i) % TRACE_RECENT];
	memmove(edges, edges + n - found, found * sizeof(*edges));
	return found;
}
