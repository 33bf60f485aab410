/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lines that a daemon tells of, as rows. */
#include "panel/told.h"

#include "board/event.h"
#include "panel/said.h"

/* On one machine there is one clock; the socket may have come from another. */
#define CLOCK_APART_NS 5000000000

void told_init(struct told *told, struct rows *rows)
{
	*told = (struct told){ .rows = rows, .numbers = json_object() };
}

void told_deinit(struct told *told)
{
	json_decref(told->numbers);
	told->numbers = NULL;
}

void told_begin(struct told *told)
{
	told->has_clock = false;
}

/* The daemon's time as ours. */
static uint64_t our_time(struct told *told, const json_t *object, uint64_t now_ns)
{
	uint64_t time_ns = event_time(object);
	int64_t ahead = (int64_t)(now_ns - time_ns);

	if (!told->has_clock)
		told->ahead_ns = ahead > CLOCK_APART_NS || ahead < -CLOCK_APART_NS ? ahead : 0;
	told->has_clock = true;
	time_ns += (uint64_t)told->ahead_ns;
	return time_ns < now_ns ? time_ns : now_ns;
}

static int row_make(struct told *told, const char *line, const json_t *object)
{
	const char *guest = json_string_value(json_object_get(object, "guest"));
	const char *name = json_string_value(json_object_get(object, "name"));
	int number = rows_add(told->rows, line, guest ? guest : "", name ? name : "",
			      (unsigned)json_integer_value(json_object_get(object, "offset")));

	told->cut |= number < 0;
	if (number >= 0)
		json_object_set_new(told->numbers, line, json_integer(number));
	return number;
}

void told_line(struct told *told, const json_t *object, uint64_t now_ns)
{
	const char *line = json_string_value(json_object_get(object, "line"));
	const json_t *known = line ? json_object_get(told->numbers, line) : NULL;
	bool is_edge = json_is_string(json_object_get(object, "edge"));
	int number = known ? (int)json_integer_value(known) : line ? row_make(told, line, object) : -1;
	uint64_t time_ns = our_time(told, object, now_ns);
	struct row *row;

	if (number < 0)
		return;
	row = &told->rows->rows[number];
	row->now = said_now(object);
	row->is_told = true;
	if (known)
		history_event(&row->history, row->now.level, is_edge, time_ns, now_ns);
	else
		history_begin(&row->history, row->now.level, now_ns);
}

void told_all(struct told *told)
{
	struct rows *rows = told->rows;

	rows_prune(rows);
	json_object_clear(told->numbers);
	for (size_t i = 0; i < rows->n; i++)
		json_object_set_new(told->numbers, rows->rows[i].line, json_integer((json_int_t)i));
}
