/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A panel of lines on the terminal. It reads what the daemon sends, and draws, ten times a second at most: many changes
 * at once cost little.
 */
#include "panel/panel.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "panel/feed.h"
#include "panel/keys.h"
#include "panel/screen.h"
#include "panel/signals.h"
#include "panel/view.h"

#define FRAME_NS 100000000u

struct panel {
	struct rows rows;
	struct feed feed;
	struct view view;
	uint64_t frame_ns; /* of the last one */
	bool quits;
	bool failed;  /* for want of the terminal */
	bool redraws; /* whatever the time */
};

/* The terminal may be gone: then it can be read for ever, and nothing is there. */
static bool terminal_is_gone(const struct pollfd *tty)
{
	int n = 0;

	if (tty->revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return tty->revents & POLLIN && (ioctl(tty->fd, FIONREAD, &n) < 0 || n == 0);
}

/* When something is to be done, if nothing comes. */
static uint64_t next_ns(const struct panel *panel)
{
	uint64_t due_ns = feed_due(&panel->feed), draw_ns = UINT64_MAX;

	if (panel->feed.changed)
		draw_ns = panel->frame_ns + FRAME_NS;
	else if (panel->view.moves)
		draw_ns = panel->frame_ns + (panel->view.column_ns > FRAME_NS ? panel->view.column_ns : FRAME_NS);
	return due_ns < draw_ns ? due_ns : draw_ns;
}

static void wait_for_something(struct panel *panel)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = panel->feed.link.fd, .events = POLLIN } };
	uint64_t now_ns = clock_now_ns(), until_ns = next_ns(panel);
	bool rests = now_ns < panel->frame_ns + FRAME_NS;

	if (panel->redraws)
		until_ns = 0;
	/* Within a frame, what the daemon sends may wait. */
	if (rests && until_ns > panel->frame_ns + FRAME_NS)
		until_ns = panel->frame_ns + FRAME_NS;
	signals_poll(fds, rests || fds[1].fd < 0 ? 1 : 2, now_ns, until_ns);
	if (terminal_is_gone(&fds[0]))
		panel->quits = panel->failed = true;
	else if (fds[0].revents)
		panel->redraws = true;
	panel->quits |= panel->redraws && !keys_take(&panel->view, &panel->feed, clock_now_ns());
}

static void signals_look(struct panel *panel)
{
	panel->quits |= signals_take(SIGNALS_END);
	if (!panel->quits && signals_take(SIGNALS_STOP)) {
		feed_release(&panel->feed);
		screen_leave();
		signals_stop();
		screen_return();
		panel->redraws = true;
	}
	if (signals_take(SIGNALS_GO_ON)) {
		/* By SIGSTOP, which nobody could see come. */
		screen_leave();
		screen_return();
		panel->redraws = true;
	}
	if (signals_take(SIGNALS_RESIZED)) {
		screen_resize();
		panel->redraws = true;
	}
}

static bool is_due(const struct panel *panel, uint64_t now_ns)
{
	return panel->redraws || (now_ns >= panel->frame_ns + FRAME_NS && (panel->feed.changed || panel->view.moves));
}

static void go(struct panel *panel)
{
	while (!panel->quits) {
		uint64_t now_ns = clock_now_ns();

		feed_step(&panel->feed, now_ns);
		if (is_due(panel, now_ns)) {
			view_draw(&panel->view, &panel->feed, now_ns);
			panel->feed.changed = panel->redraws = false;
			panel->frame_ns = now_ns;
		}
		wait_for_something(panel);
		signals_look(panel);
	}
}

/* The exit status, unless it is a signal that ends it. */
static int show(struct panel *panel)
{
	int status = EXIT_USAGE;

	signals_init(screen_break);
	if (screen_open()) {
		go(panel);
		status = panel->failed ? EXIT_FAILED : 0;
	}
	feed_release(&panel->feed);
	screen_close();
	signals_end();
	return status;
}

int panel_run(const char *path, char *const *words, int n_words)
{
	static struct panel panel;
	int status;

	if (!screen_is_there())
		return EXIT_USAGE;
	status = feed_open(&panel.feed, &panel.rows, path, words, n_words);
	if (status == 0)
		status = show(&panel);
	feed_close(&panel.feed);
	rows_deinit(&panel.rows);
	return status;
}
