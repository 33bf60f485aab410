/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The terminal. */
#include "panel/screen.h"

#define NCURSES_NOMACROS
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/util.h"

#include <term.h> /* last: its macros take many a word */

#define ESCAPE_MS 25 /* between the bytes of one key */

static SCREEN *screen;
static bool is_on; /* the terminal is ours */
static bool has_color;
static struct termios termios_before;
/* What gives the terminal back, ready to be written in a signal handler. */
static char undo[512];
static size_t undo_len;

static const struct screen_glyphs of_unicode = { { " ", "·", "▁", "▆", "│", "▒" }, "…" };
/* The font of the kernel's console has halves of a block only. */
static const struct screen_glyphs of_console = { { " ", "·", "_", "▄", "│", "▒" }, "~" };
static const struct screen_glyphs of_ascii = { { " ", ".", "_", "-", "|", "#" }, "~" };
static const struct screen_glyphs *glyphs = &of_ascii;

static const char *terminal_name(void)
{
	const char *name = getenv("TERM");

	return name && *name ? name : "dumb";
}

/* What the terminal is told to do so; NULL: it cannot. */
static const char *words_of(const char *capability)
{
	const char *words = tigetstr(capability);

	return (intptr_t)words == -1 ? NULL : words;
}

/* Has it a cursor that can be moved? Those that have not, newterm() would take. */
static bool terminal_is_good(void)
{
	int error;
	bool good;

	if (setupterm(terminal_name(), STDOUT_FILENO, &error) == ERR)
		return false;
	good = words_of("cup");
	del_curterm(cur_term);
	return good;
}

bool screen_is_there(void)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		error_print("panel needs a terminal; without one, see \"monitor\"");
		return false;
	}
	if (!terminal_is_good()) {
		error_print("panel: a terminal \"%s\" has no cursor that could be moved (TERM)", terminal_name());
		return false;
	}
	return true;
}

static int undo_put(int c)
{
	if (undo_len < sizeof(undo))
		undo[undo_len++] = (char)c;
	return c;
}

static void undo_add(const char *words)
{
	if (words)
		tputs(words, 1, undo_put);
}

static void undo_make(void)
{
	static const char *const names[] = { "sgr0", "op", "rmkx", "cnorm", "rmcup" };
	const char *mouse = words_of("XM");

	undo_len = 0;
	/* Where there is none, ncurses takes that of xterm, too. */
	if (mouse)
		undo_add(tiparm(mouse, 0));
	else if (words_of("kmous"))
		undo_add("\033[?1000l");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		undo_add(words_of(names[i]));
}

static void colors_begin(void)
{
	static const short colors[] = { [SCREEN_GREEN] = COLOR_GREEN,
					[SCREEN_YELLOW] = COLOR_YELLOW,
					[SCREEN_RED] = COLOR_RED,
					[SCREEN_CYAN] = COLOR_CYAN };
	const char *no_color = getenv("NO_COLOR");
	short behind;

	has_color = !(no_color && *no_color) && has_colors() && start_color() == OK;
	if (!has_color)
		return;
	behind = use_default_colors() == OK ? -1 : COLOR_BLACK;
	for (short i = SCREEN_GREEN; i < (short)ARRAY_SIZE(colors); i++)
		init_pair(i, colors[i], behind);
}

static void glyphs_choose(void)
{
	glyphs = &of_ascii;
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		glyphs = strncmp(terminal_name(), "linux", 5) == 0 ? &of_console : &of_unicode;
}

bool screen_open(void)
{
	setlocale(LC_CTYPE, "");
	glyphs_choose();
	if (tcgetattr(STDIN_FILENO, &termios_before) < 0) {
		error_print("panel: the terminal cannot be used");
		return false;
	}
	screen = newterm(terminal_name(), stdout, stdin);
	if (!screen) {
		error_print("panel: a terminal \"%s\" cannot be used (TERM)", terminal_name());
		return false;
	}
	undo_make();
	is_on = true;
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	mouseinterval(0);
	colors_begin();
	return true;
}

void screen_close(void)
{
	if (!screen)
		return;
	endwin();
	is_on = false;
	delscreen(screen);
	screen = NULL;
}

void screen_leave(void)
{
	endwin();
	is_on = false;
}

void screen_return(void)
{
	is_on = true;
	clearok(stdscr, TRUE);
	screen_resize();
}

void screen_resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
}

void screen_break(void)
{
	if (!is_on)
		return;
	is_on = false;
	(void)!write(STDOUT_FILENO, undo, undo_len);
	tcsetattr(STDIN_FILENO, TCSANOW, &termios_before);
}

const struct screen_glyphs *screen_glyphs(void)
{
	return glyphs;
}

int screen_color(enum screen_color color)
{
	return has_color && color != SCREEN_PLAIN ? COLOR_PAIR(color) : 0;
}
