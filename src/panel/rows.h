/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lines that a panel has, those of them that pass its filter, and the one that is chosen. No I/O and no clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/condition.h"
#include "panel/history.h"

#define ROWS_MAX      4096u
#define ROWS_TEXT_MAX 64u

/* How a line is. */
struct row_now {
	int8_t level;	   /* -1: not known */
	uint8_t direction; /* enum line_direction */
	const char *irq;   /* a static word; "": none */
	bool sim;
};

struct row {
	char *line;		   /* owned; the daemon's word for it, as it came */
	char guest[ROWS_TEXT_MAX]; /* to be shown: printable ASCII */
	char name[ROWS_TEXT_MAX];
	struct row_now now;
	bool is_told;	     /* by the daemon that there is now */
	bool is_pressing;    /* that is asked, and not answered yet */
	bool released_level; /* of a line that is pressed: the pull it is left to */
	uint64_t release_ns; /* when that is due; 0: it is not pressed */
	struct history history;
};

struct rows {
	struct row *rows; /* owned */
	size_t n, room;
	uint16_t *shown; /* owned, as much room: those that pass the filter */
	size_t n_shown;
	size_t cursor; /* among those shown */
	size_t top;    /* the first one on the screen */
	char filter[ROWS_TEXT_MAX];
};

void rows_deinit(struct rows *rows);
/* Its number. name: "" if it has none but its offset. -ENOMEM; -ENOSPC: there are ROWS_MAX. */
int rows_add(struct rows *rows, const char *line, const char *guest, const char *name, unsigned offset);
/* Those that are not told go. */
void rows_prune(struct rows *rows);
/* The daemon is gone: nothing is known of any, or told. */
void rows_forget(struct rows *rows, uint64_t now_ns);
/* Those that have this text in "GUEST.NAME", whatever the case of its letters. What is chosen stays so, if it is shown. */
void rows_filter(struct rows *rows, const char *text);
/* The chosen one; NULL: none is shown. */
struct row *rows_chosen(const struct rows *rows);
/* Up or down by so many, as far as there are some. */
void rows_move(struct rows *rows, long by);
/* The screen has room for so many: the chosen one is among them. */
void rows_fit(struct rows *rows, size_t height);
