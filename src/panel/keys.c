/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What keys and clicks do. */
#include "panel/keys.h"

#define NCURSES_NOMACROS
#include <curses.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

#define WHEEL_ROWS   3
#define KEYS_A_TURN  64
#define CTRL(letter) ((letter)&0x1f)
#define ESCAPE	     CTRL('[')

static void act(struct feed *feed, enum feed_action action, uint64_t now_ns)
{
	struct row *row = rows_chosen(feed->rows);

	if (row)
		feed_act(feed, row, action, now_ns);
}

static const struct {
	int key;
	enum feed_action action;
} actions[] = {
	{ ' ', FEED_TOGGLE }, { 'p', FEED_PRESS },     { '0', FEED_LOW },
	{ '1', FEED_HIGH },   { 'd', FEED_PULL_DOWN }, { 'u', FEED_PULL_UP },
};

static bool action_take(struct feed *feed, int key, uint64_t now_ns)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (actions[i].key != key)
			continue;
		act(feed, actions[i].action, now_ns);
		return true;
	}
	return false;
}

/* How far a key moves; 0: not at all. */
static long move_of(const struct view *view, int key)
{
	switch (key) {
	case KEY_UP:
		return -1;
	case KEY_DOWN:
		return 1;
	case KEY_PPAGE:
		return -(long)view->height;
	case KEY_NPAGE:
		return view->height;
	case KEY_HOME:
		return -LONG_MAX;
	case KEY_END:
		return LONG_MAX;
	default:
		return 0;
	}
}

static void mouse_take(struct view *view, struct feed *feed, uint64_t now_ns)
{
	struct rows *rows = feed->rows;
	MEVENT event;
	long row;

	if (getmouse(&event) != OK)
		return;
	if (event.bstate & (BUTTON4_PRESSED | BUTTON5_PRESSED))
		rows_move(rows, event.bstate & BUTTON4_PRESSED ? -WHEEL_ROWS : WHEEL_ROWS);
	row = event.bstate & BUTTON1_PRESSED ? view_row_at(view, rows, event.y) : -1;
	if (row < 0)
		return;
	if ((size_t)row == rows->cursor && event.x >= view->level_x - 1 && event.x <= view->level_x + 1)
		act(feed, FEED_TOGGLE, now_ns);
	rows->cursor = (size_t)row;
}

/* False: it is none of the filter's. */
static bool filter_type(struct view *view, struct rows *rows, int key)
{
	size_t len = strlen(rows->filter);
	char text[ROWS_TEXT_MAX];

	snprintf(text, sizeof(text), "%s", rows->filter);
	if (key == KEY_ENTER || key == '\r' || key == '\n') {
		view->types = false;
		return true;
	}
	if (key == ESCAPE) {
		view->types = false;
		text[0] = '\0';
	} else if ((key == KEY_BACKSPACE || key == 0x7f || key == CTRL('h')) && len > 0) {
		text[len - 1] = '\0';
	} else if (key >= ' ' && key <= '~' && len < sizeof(text) - 1) {
		text[len] = (char)key;
		text[len + 1] = '\0';
	} else {
		return false;
	}
	rows_filter(rows, text);
	return true;
}

/* Keys of the panel itself. */
static void panel_key_take(struct view *view, struct feed *feed, int key, uint64_t now_ns)
{
	switch (key) {
	case '/':
		view->types = true;
		break;
	case '?':
		view->helps = true;
		break;
	case ESCAPE:
		rows_filter(feed->rows, "");
		break;
	case 'j':
		rows_move(feed->rows, 1);
		break;
	case 'k':
		rows_move(feed->rows, -1);
		break;
	case CTRL('l'):
		clearok(stdscr, TRUE);
		break;
	default:
		action_take(feed, key, now_ns);
		break;
	}
}

/* False: the user wants to quit. */
static bool key_take(struct view *view, struct feed *feed, int key, uint64_t now_ns)
{
	long by = move_of(view, key);

	*feed->said.text = '\0';
	feed->changed = true;
	if (key == KEY_MOUSE) {
		mouse_take(view, feed, now_ns);
	} else if (view->helps) {
		view->helps = false;
		return key != 'q';
	} else if (by != 0) {
		rows_move(feed->rows, by);
	} else if (view->types) {
		filter_type(view, feed->rows, key);
	} else {
		panel_key_take(view, feed, key, now_ns);
		return key != 'q';
	}
	return true;
}

bool keys_take(struct view *view, struct feed *feed, uint64_t now_ns)
{
	int key;

	for (unsigned n = 0; n < KEYS_A_TURN && (key = getch()) != ERR; n++) {
		if (!key_take(view, feed, key, now_ns))
			return false;
	}
	return true;
}
