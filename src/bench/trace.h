/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What is known of the lines: how each was at some time, and all that happened since, in order of time; up to which
 * time all is known; and the last edges before. A stream tells of each guest in order, of several as it comes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/condition.h"

#define TRACE_EVENTS_MAX 1000000u
#define TRACE_RECENT	 20

struct trace_line {
	uint16_t guest;
	struct line_now base;	 /* before the events */
	struct line_now present; /* after them */
};

struct trace {
	struct trace_line *lines;  /* owned */
	uint64_t *told_ns;	   /* owned; of each guest: it has told all before that */
	struct line_event *events; /* owned; those that are kept, by time */
	size_t n, room;
	size_t n_guests;
	size_t n_lines;
	struct line_event recent[TRACE_RECENT]; /* edges that are not kept any more, a ring: */
	size_t n_recent;			/* so many there were */
};

/* Lines are unknown, and of guest 0, until they are set. 0 or -ENOMEM. */
int trace_init(struct trace *trace, size_t n_lines, size_t n_guests);
/* Idempotent, also of one that is all zeroes. */
void trace_deinit(struct trace *trace);

/* How a line is before all that follows. */
void trace_set(struct trace *trace, uint16_t line, uint16_t guest, struct line_now now);
/* 0; -ENOMEM; -ENOSPC: there are TRACE_EVENTS_MAX. */
int trace_add(struct trace *trace, const struct line_event *event);
/* The guest has told all that is older than this. */
void trace_told(struct trace *trace, uint16_t guest, uint64_t time_ns);
/* All that is older is known: of all guests. */
uint64_t trace_known(const struct trace *trace);
/* What is older is not needed any more, but for the last edges. */
void trace_forget(struct trace *trace, uint64_t before_ns);
/* The last edges, at most n of them, oldest first. Returns how many. */
size_t trace_last_edges(const struct trace *trace, struct line_event *edges, size_t n);
/* How many of the events are older than that. */
size_t trace_count_before(const struct trace *trace, uint64_t time_ns);
