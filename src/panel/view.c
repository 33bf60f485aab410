/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a panel shows. Each word of the daemon's goes through put(), which lets nothing but printable ASCII reach the
 * terminal.
 */
#include "panel/view.h"

#define NCURSES_NOMACROS
#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/util.h"
#include "panel/screen.h"

#define TRACE_MIN 10 /* columns; with fewer there is no trace */
#define WIDE_MAX  512

/* Where the columns of a screen begin, and how wide they are. */
struct layout {
	int guest, name; /* their widths */
	int real_x, direction_x, level_x, irq_x, rate_x, trace_x;
	int n_columns;	      /* of the trace */
	unsigned column_bins; /* in each */
	bool has_real;
};

static const char *const help[] = {
	"up down   choose a line; also j k PgUp PgDn Home End, a click, the wheel",
	"/         show only lines with a text in GUEST.LINE; Enter keeps it, Esc ends",
	"space     toggle; so does a click on the level of the chosen line",
	"p         press: the opposite level for 80 ms, then a pull to the one before",
	"1 0       drive high, low",
	"u d       let go, and pull up, down",
	"^L        draw all anew",
	"q         quit",
	"",
	"DIR       what the guest made of the line; ro: a real line, only watched",
	"IRQ       the interrupt that the guest has armed: rise fall both, high low",
	"/s        edges in the last second",
};

static void put_glyph(int y, int x, const char *glyph)
{
	mvaddstr(y, x, glyph);
}

/* So many cells, whatever the text. */
static void put(int y, int x, int width, int attributes, const char *text)
{
	size_t len = strlen(text);
	char cells[WIDE_MAX + 1];

	width = width < WIDE_MAX ? width : WIDE_MAX;
	if (y < 0 || y >= LINES || x >= COLS || width <= 0)
		return;
	width = width < COLS - x ? width : COLS - x;
	snprintf(cells, sizeof(cells), "%-*.*s", width, width, text);
	text_make_ascii(cells);
	attrset(attributes);
	mvaddstr(y, x, cells);
	if (len > (size_t)width)
		put_glyph(y, x + width - 1, screen_glyphs()->more);
	attrset(A_NORMAL);
}

static void put_right(int y, int end, int attributes, const char *text)
{
	int width = (int)strlen(text);

	if (end - width > 0)
		put(y, end - width, width, attributes, text);
}

/* Layout */

static int widest(int width, const char *text, int limit)
{
	int len = (int)strlen(text);

	return len > width && width < limit ? (len < limit ? len : limit) : width;
}

static int at_least(int value, int least)
{
	return value > least ? value : least;
}

static struct layout layout_make(const struct rows *rows)
{
	struct layout layout = { .guest = 5, .name = 4 };
	int left;

	for (size_t i = 0; i < rows->n; i++) {
		const struct row *row = &rows->rows[i];

		layout.guest = widest(layout.guest, row->guest, at_least(COLS / 8, 5));
		layout.name = widest(layout.name, row->name, at_least(COLS / 4, 8));
		layout.has_real |= !row->now.sim && row->is_told;
	}
	layout.real_x = 1 + layout.guest + 1 + layout.name + 1;
	layout.direction_x = layout.real_x + (layout.has_real ? 3 : 0);
	layout.level_x = layout.direction_x + 4;
	layout.irq_x = layout.level_x + 2;
	layout.rate_x = layout.irq_x + 5;
	layout.trace_x = layout.rate_x + 6;
	left = COLS - layout.trace_x;
	layout.column_bins = HISTORY_BINS;
	if (left >= TRACE_MIN) {
		layout.column_bins = (HISTORY_BINS + (unsigned)left - 1) / (unsigned)left;
		layout.n_columns = (int)(HISTORY_BINS / layout.column_bins);
	}
	return layout;
}

/* Rows */

static void draw_trace(int y, const struct layout *layout, struct history *history, uint64_t now_ns)
{
	static const enum screen_color colors[HISTORY_SHAPES] = { [HISTORY_UNKNOWN] = SCREEN_RED,
								  [HISTORY_HIGH] = SCREEN_GREEN,
								  [HISTORY_EDGE] = SCREEN_YELLOW,
								  [HISTORY_EDGES] = SCREEN_YELLOW };
	/* A column has the same bins as long as it is there, and so the same shape. */
	uint64_t last = now_ns / HISTORY_BIN_NS / layout->column_bins;

	history_advance(history, now_ns);
	for (int i = 0; i < layout->n_columns; i++) {
		uint64_t column = last + 1 + (uint64_t)i - (uint64_t)layout->n_columns;
		enum history_shape shape =
			column > last ? HISTORY_NONE
				      : history_shape(history, column * layout->column_bins, layout->column_bins);

		attrset(screen_color(colors[shape]));
		put_glyph(y, layout->trace_x + i, screen_glyphs()->shapes[shape]);
	}
	attrset(A_NORMAL);
}

static void rate_print(unsigned rate, char text[16])
{
	if (rate == 0)
		snprintf(text, 16, "%5s", "-");
	else if (rate < 100000)
		snprintf(text, 16, "%5u", rate);
	else
		snprintf(text, 16, "%4uk", rate / 1000);
}

static void draw_row(int y, const struct layout *layout, struct row *row, bool chosen, uint64_t now_ns)
{
	static const char *const directions[] = { "-", "out", "in" };
	int attributes = chosen ? A_REVERSE : A_NORMAL, bright = chosen ? A_REVERSE | A_BOLD : A_BOLD;
	const char *level = row->now.level < 0 ? "?" : row->now.level ? "1" : "0";
	char rate[16];

	history_advance(&row->history, now_ns);
	rate_print(history_rate(&row->history), rate);
	put(y, 0, layout->trace_x, attributes, chosen ? ">" : "");
	put(y, 1, layout->guest, attributes, row->guest);
	put(y, 1 + layout->guest + 1, layout->name, attributes, row->name);
	if (layout->has_real)
		put(y, layout->real_x, 2, attributes, row->now.sim ? "" : "ro");
	put(y, layout->direction_x, 3, attributes,
	    row->now.direction < ARRAY_SIZE(directions) ? directions[row->now.direction] : "?");
	put(y, layout->level_x, 1,
	    row->now.level == 1 ? bright | (chosen ? 0 : screen_color(SCREEN_GREEN)) : attributes, level);
	put(y, layout->irq_x, 4, attributes, *row->now.irq ? row->now.irq : "-");
	put(y, layout->rate_x, 5, attributes, rate);
	draw_trace(y, layout, &row->history, now_ns);
}

static void draw_rows(struct view *view, const struct layout *layout, struct rows *rows, uint64_t now_ns)
{
	rows_fit(rows, (size_t)view->height);
	view->moves = false;
	for (size_t i = 0; i < (size_t)view->height && rows->top + i < rows->n_shown; i++) {
		size_t number = rows->top + i;
		struct row *row = &rows->rows[rows->shown[number]];

		draw_row(view->first_y + (int)i, layout, row, number == rows->cursor, now_ns);
		view->moves |= !history_is_flat(&row->history);
	}
}

static void draw_help(const struct view *view)
{
	for (size_t i = 0; i < ARRAY_SIZE(help) && (int)i < view->height; i++)
		put(view->first_y + (int)i, 1, COLS - 1, A_NORMAL, help[i]);
}

static void draw_titles(const struct layout *layout)
{
	put(1, 1, layout->guest, A_BOLD, "GUEST");
	put(1, 1 + layout->guest + 1, layout->name, A_BOLD, "LINE");
	put(1, layout->direction_x, 3, A_BOLD, "DIR");
	put(1, layout->level_x, 1, A_BOLD, "L");
	put(1, layout->irq_x, 4, A_BOLD, "IRQ");
	put(1, layout->rate_x, 5, A_BOLD, "   /s");
	if (layout->n_columns > 0)
		put(1, layout->trace_x, layout->n_columns, A_BOLD, "LAST 10 s");
}

/* Bars */

static void draw_head(const struct feed *feed)
{
	const struct rows *rows = feed->rows;
	char text[WIDE_MAX], count[64];

	snprintf(text, sizeof(text), " vgpioctl panel  %s", feed->link.path);
	if (rows->n_shown < rows->n)
		snprintf(count, sizeof(count), "  %zu of %zu lines ", rows->n_shown, rows->n);
	else
		snprintf(count, sizeof(count), "  %zu line%s ", rows->n, rows->n == 1 ? "" : "s");
	put(0, 0, COLS, A_REVERSE, text);
	put_right(0, COLS, A_REVERSE, count);
}

/* What is being typed, or what was said last, or what is left out. */
static void draw_words(int y, const struct view *view, const struct feed *feed)
{
	char text[sizeof(feed->said.text)];

	if (view->types)
		snprintf(text, sizeof(text), " /%s_", feed->rows->filter);
	else if (*feed->said.text)
		snprintf(text, sizeof(text), " %.500s", feed->said.text);
	else if (*feed->rows->filter)
		snprintf(text, sizeof(text), " only lines with \"%s\"; Esc shows all", feed->rows->filter);
	else
		snprintf(text, sizeof(text), "%s",
			 feed->told.cut ? " there are more lines than a panel has room for" : "");
	put(y, 0, COLS, A_NORMAL, text);
}

static void draw_state(int y, const struct feed *feed)
{
	static const struct {
		const char *words;
		enum screen_color color;
	} states[] = {
		[FEED_GONE] = { "the daemon is gone; waiting for it", SCREEN_RED },
		[FEED_TELLS] = { "connecting", SCREEN_YELLOW },
		[FEED_GOOD] = { "connected", SCREEN_GREEN },
		[FEED_SILENT] = { "the daemon does not answer", SCREEN_RED },
	};
	char text[160], again[48] = "";

	if (feed->n_returns > 0 && feed->state == FEED_GOOD)
		snprintf(again, sizeof(again), " again (%u)", feed->n_returns);
	snprintf(text, sizeof(text), " %s%s | %llu changes lost", states[feed->state].words, again,
		 (unsigned long long)feed->n_lost);
	put(y, 0, COLS, A_REVERSE | screen_color(states[feed->state].color), text);
	put_right(y, COLS, A_REVERSE | screen_color(states[feed->state].color), "  ? help  q quit ");
}

void view_draw(struct view *view, const struct feed *feed, uint64_t now_ns)
{
	struct layout layout = layout_make(feed->rows);
	/* On a screen of few rows the lines come first. */
	int head = LINES >= 6 ? 2 : 0, foot = LINES >= 4 ? 2 : 0;

	view->first_y = head;
	view->height = LINES - head - foot;
	view->level_x = layout.level_x;
	view->column_ns = (uint64_t)layout.column_bins * HISTORY_BIN_NS;
	erase();
	if (head > 0) {
		draw_head(feed);
		if (!view->helps)
			draw_titles(&layout);
	}
	if (view->helps)
		draw_help(view);
	else
		draw_rows(view, &layout, feed->rows, now_ns);
	if (foot > 0) {
		draw_words(LINES - 2, view, feed);
		draw_state(LINES - 1, feed);
	}
	refresh();
}

long view_row_at(const struct view *view, const struct rows *rows, int y)
{
	size_t number = rows->top + (size_t)(y - view->first_y);

	if (view->helps || y < view->first_y || y >= view->first_y + view->height || number >= rows->n_shown)
		return -1;
	return (long)number;
}
