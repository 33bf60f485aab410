/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lines that a panel has. */
#include "panel/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void rows_deinit(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->rows[i].line);
	free(rows->rows);
	free(rows->shown);
	*rows = (struct rows){ .n = 0 };
}

static bool passes(const struct row *row, const char *filter)
{
	char text[2 * ROWS_TEXT_MAX];

	snprintf(text, sizeof(text), "%s.%s", row->guest, row->name);
	return strcasestr(text, filter);
}

/* The cursor stays at the row of that number, or goes to the next one. */
static void rows_show(struct rows *rows, size_t chosen)
{
	rows->n_shown = 0;
	rows->cursor = 0;
	for (size_t i = 0; i < rows->n; i++) {
		if (!passes(&rows->rows[i], rows->filter))
			continue;
		if (i <= chosen)
			rows->cursor = rows->n_shown;
		rows->shown[rows->n_shown++] = (uint16_t)i;
	}
}

static size_t chosen_number(const struct rows *rows)
{
	return rows->n_shown > 0 ? rows->shown[rows->cursor] : 0;
}

static int rows_grow(struct rows *rows)
{
	size_t room = rows->room ? 2 * rows->room : 64;
	struct row *more = realloc(rows->rows, room * sizeof(*more));
	uint16_t *shown;

	if (!more)
		return -ENOMEM;
	rows->rows = more;
	shown = realloc(rows->shown, room * sizeof(*shown));
	if (!shown)
		return -ENOMEM;
	rows->shown = shown;
	rows->room = room;
	return 0;
}

int rows_add(struct rows *rows, const char *line, const char *guest, const char *name, unsigned offset)
{
	struct row *row;

	if (rows->n == ROWS_MAX)
		return -ENOSPC;
	if (rows->n == rows->room && rows_grow(rows) < 0)
		return -ENOMEM;
	row = &rows->rows[rows->n];
	*row = (struct row){ .line = strdup(line), .now = { .level = -1, .irq = "" } };
	if (!row->line)
		return -ENOMEM;
	snprintf(row->guest, sizeof(row->guest), "%s", guest);
	if (*name)
		snprintf(row->name, sizeof(row->name), "%s", name);
	else
		snprintf(row->name, sizeof(row->name), "%u", offset);
	text_make_ascii(row->guest);
	text_make_ascii(row->name);
	if (passes(row, rows->filter))
		rows->shown[rows->n_shown++] = (uint16_t)rows->n;
	return (int)rows->n++;
}

void rows_prune(struct rows *rows)
{
	size_t chosen = chosen_number(rows), at = 0, n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		if (i == chosen)
			at = n;
		if (rows->rows[i].is_told)
			rows->rows[n++] = rows->rows[i];
		else
			free(rows->rows[i].line);
	}
	rows->n = n;
	rows_show(rows, at);
}

void rows_forget(struct rows *rows, uint64_t now_ns)
{
	for (size_t i = 0; i < rows->n; i++) {
		struct row *row = &rows->rows[i];

		row->now = (struct row_now){ .level = -1, .irq = "", .sim = row->now.sim };
		row->is_told = false;
		row->is_pressing = false;
		row->release_ns = 0;
		history_event(&row->history, -1, false, now_ns, now_ns);
	}
}

void rows_filter(struct rows *rows, const char *text)
{
	size_t chosen = chosen_number(rows);

	snprintf(rows->filter, sizeof(rows->filter), "%s", text);
	rows_show(rows, chosen);
}

struct row *rows_chosen(const struct rows *rows)
{
	return rows->n_shown > 0 ? &rows->rows[rows->shown[rows->cursor]] : NULL;
}

void rows_move(struct rows *rows, long by)
{
	size_t last = rows->n_shown > 0 ? rows->n_shown - 1 : 0;

	if (by < 0)
		rows->cursor -= (size_t)-by < rows->cursor ? (size_t)-by : rows->cursor;
	else
		rows->cursor = (size_t)by < last - rows->cursor ? rows->cursor + (size_t)by : last;
}

void rows_fit(struct rows *rows, size_t height)
{
	size_t last = rows->n_shown > height ? rows->n_shown - height : 0;

	if (rows->top > rows->cursor)
		rows->top = rows->cursor;
	if (height > 0 && rows->cursor >= rows->top + height)
		rows->top = rows->cursor - height + 1;
	if (rows->top > last)
		rows->top = last;
}
