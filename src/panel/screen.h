/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The terminal: taken, and given back as it was, however the program ends. */
#pragma once

#include <stdbool.h>

enum screen_color {
	SCREEN_PLAIN,
	SCREEN_GREEN,
	SCREEN_YELLOW,
	SCREEN_RED,
	SCREEN_CYAN,
};

/* How a locale and a terminal draw a trace: by enum history_shape; and what stands for the rest of a word. */
struct screen_glyphs {
	const char *shapes[6];
	const char *more;
};

/* Whether there is a terminal that a panel can be on. False: said on stderr. */
bool screen_is_there(void);
/* False: said. */
bool screen_open(void);
/* Idempotent. */
void screen_close(void);
/* For a while, and again: what was on it before is shown meanwhile. */
void screen_leave(void);
void screen_return(void);
/* As large as the terminal is now. */
void screen_resize(void);
/* In a signal handler: the terminal is as it was, and what was on it may be anything. */
void screen_break(void);
const struct screen_glyphs *screen_glyphs(void);
/* For attron(): 0 where there are no colours. */
int screen_color(enum screen_color color);
