/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a panel shows, on the terminal that screen.h has taken. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "panel/feed.h"

struct view {
	bool helps; /* the keys are shown in place of the lines */
	bool types; /* the filter is being typed */
	/* Of what was drawn last: */
	int first_y;	    /* the row of the screen that has the first line */
	int height;	    /* so many have lines */
	int level_x;	    /* the column of the levels */
	uint64_t column_ns; /* how long a column of the traces is */
	bool moves;	    /* it looks different when time passes */
};

void view_draw(struct view *view, const struct feed *feed, uint64_t now_ns);
/* Which of the rows that are shown is there; -1: none. */
long view_row_at(const struct view *view, const struct rows *rows, int y);
