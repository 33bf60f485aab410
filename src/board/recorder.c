/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Writes what a board's trace tells to a file. */
#include "board/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Behind the guest's name and a dot. */
static const char *name_in_guest(const char *name, const char *guest)
{
	size_t len = strlen(guest);

	return strncmp(name, guest, len) == 0 && name[len] == '.' ? name + len + 1 : name;
}

int recorder_begin(struct recorder *recorder, int fd, const struct board *board, uint64_t begin_ns)
{
	const struct trace *trace = &board->trace;
	struct vcd_line *lines = calloc(trace->n_lines + 1, sizeof(*lines));
	size_t n = trace_count_before(trace, begin_ns);
	int ret;

	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < trace->n_lines; i++) {
		const char *guest = board->guests[trace->lines[i].guest].name;

		lines[i] = (struct vcd_line){ guest, name_in_guest(board->lines[i].name, guest), trace->lines[i].base };
	}
	for (size_t i = 0; i < n; i++)
		lines[trace->events[i].line].now = trace->events[i].now;
	recorder->records = true;
	recorder->n_done = n;
	recorder->n_lost = 0;
	ret = vcd_begin(&recorder->vcd, fd, lines, trace->n_lines, begin_ns);
	free(lines);
	return ret;
}

int recorder_take(struct recorder *recorder, const struct trace *trace)
{
	size_t end = recorder->records ? trace_count_before(trace, trace_known(trace)) : 0;

	if (end <= recorder->n_done)
		return recorder->records ? recorder->vcd.error : 0;
	for (; recorder->n_done < end; recorder->n_done++) {
		const struct line_event *event = &trace->events[recorder->n_done];

		vcd_change(&recorder->vcd, event->time_ns, event->line, event->now);
	}
	return vcd_flush(&recorder->vcd);
}

void recorder_forgot(struct recorder *recorder, size_t n)
{
	recorder->n_done -= recorder->n_done < n ? recorder->n_done : n;
}

void recorder_lost(struct recorder *recorder, const char *guest, uint64_t count)
{
	recorder->n_lost += count;
	if (recorder->records)
		vcd_lost(&recorder->vcd, guest, count);
}

int recorder_end(struct recorder *recorder, const struct trace *trace)
{
	int ret = recorder_take(recorder, trace);

	if (recorder->records)
		ret = vcd_end(&recorder->vcd, trace_known(trace));
	recorder->records = false;
	return ret;
}
