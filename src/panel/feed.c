/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The daemon as a panel sees it. */
#include "panel/feed.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "bench/stimulus.h"
#include "panel/said.h"

#define BEAT_NS	     1000000000 /* so often it is looked whether the daemon answers, */
#define SILENT_NS    3000000000 /* and after so long it does not */
#define RETRY_NS     500000000
#define RELEASE_NS   1000000000
#define READS_A_TURN 256  /* then the keys have theirs */
#define WORDS_MAX    3500 /* bytes of names that a request has room for */

static void say(struct feed *feed, const char *text)
{
	snprintf(feed->said.text, sizeof(feed->said.text), "%s", text);
	feed->changed = true;
}

/* The connection */

static void gone(struct feed *feed, uint64_t now_ns)
{
	if (feed->state != FEED_GONE)
		say(feed, feed->link_why.text);
	link_close(&feed->link);
	rows_forget(feed->rows, now_ns);
	feed->state = FEED_GONE;
	feed->n_sent = feed->n_answered = 0;
	feed->n_pressing = feed->n_pressed = 0;
	feed->due_ns = now_ns + RETRY_NS;
	feed->changed = true;
}

static bool has_room(const struct feed *feed)
{
	return feed->n_sent - feed->n_answered < FEED_PENDING_MAX;
}

/* There is room. */
static bool request_send(struct feed *feed, struct feed_request about, const json_t *request, uint64_t now_ns)
{
	if (link_send(&feed->link, request) < 0)
		return false;
	if (feed->n_sent == feed->n_answered)
		feed->asked_ns = now_ns;
	feed->pending[feed->n_sent++ % FEED_PENDING_MAX] = about;
	return true;
}

static void connect_again(struct feed *feed, uint64_t now_ns)
{
	feed->due_ns = now_ns + RETRY_NS;
	if (link_open(&feed->link, feed->link.path) < 0)
		return;
	told_begin(&feed->told);
	feed->state = FEED_TELLS;
	feed->due_ns = now_ns;
	if (!request_send(feed, (struct feed_request){ FEED_MONITORS, 0 }, feed->request, now_ns))
		gone(feed, now_ns);
}

/* It is refused for want of words, without a worker being asked. */
static void beat(struct feed *feed, uint64_t now_ns)
{
	json_t *request = json_pack("{s:s}", "cmd", "get");

	feed->due_ns = now_ns + BEAT_NS;
	if (has_room(feed) && !request_send(feed, (struct feed_request){ FEED_BEATS, 0 }, request, now_ns))
		gone(feed, now_ns);
	json_decref(request);
	if (feed->state == FEED_GOOD && feed->n_sent > feed->n_answered && now_ns > feed->asked_ns + SILENT_NS) {
		feed->state = FEED_SILENT;
		feed->changed = true;
	}
}

/* What comes */

/* Of all lines it is known how they are. */
static void told(struct feed *feed)
{
	feed->state = FEED_GOOD;
	say(feed, "");
	told_all(&feed->told);
}

static void event_came(struct feed *feed, const char *kind, const json_t *object, uint64_t now_ns)
{
	const char *guest = json_string_value(json_object_get(object, "guest"));
	const char *error = json_string_value(json_object_get(object, "error"));
	json_int_t count = json_integer_value(json_object_get(object, "count"));

	if (strcmp(kind, "change") == 0 || strcmp(kind, "state") == 0) {
		told_line(&feed->told, object, now_ns);
		feed->changed = true;
	} else if (strcmp(kind, "lost") == 0 && count > 0) {
		feed->n_lost += (uint64_t)count;
		feed->changed = true;
	} else if (strcmp(kind, "guest") == 0 && guest) {
		why_fail(0, &feed->said, "%s: %s", guest, said_guest(object));
		feed->changed = true;
	} else if (strcmp(kind, "error") == 0 && error) {
		say(feed, error);
	}
}

/* It is held from now on, and then left to the level that it had: which that was, the daemon says. */
static void press_answered(struct feed *feed, struct row *row, const json_t *reply, uint64_t now_ns)
{
	const json_t *level = json_object_get(json_object_get(reply, "lines"), row->line);

	feed->n_pressing--;
	/* Something else may have been done to it since. */
	if (!row->is_pressing || !json_is_integer(level))
		return;
	row->is_pressing = false;
	row->released_level = json_integer_value(level) == 0;
	row->release_ns = now_ns + STIMULUS_HOLD_NS;
	feed->n_pressed++;
}

/* False: the connection is of no use. */
static bool reply_came(struct feed *feed, const json_t *reply, uint64_t now_ns)
{
	const char *error = json_string_value(json_object_get(reply, "error"));
	bool good = json_is_true(json_object_get(reply, "ok"));
	const struct feed_request *about = &feed->pending[feed->n_answered % FEED_PENDING_MAX];

	if (feed->n_answered == feed->n_sent) {
		why_fail(0, &feed->link_why, "a reply that was not asked for");
		return false;
	}
	feed->n_answered++;
	feed->asked_ns = now_ns;
	if (about->kind == FEED_PRESSES)
		press_answered(feed, &feed->rows->rows[about->row], reply, now_ns);
	if (about->kind == FEED_BEATS && feed->state == FEED_TELLS)
		told(feed);
	if (feed->state == FEED_SILENT) {
		feed->state = FEED_GOOD;
		feed->changed = true;
	}
	if (about->kind == FEED_MONITORS && good && feed->rows->n > 0)
		feed->n_returns++;
	if (good || about->kind == FEED_BEATS)
		return true;
	why_fail(0, &feed->link_why, "%s", error ? error : "invalid reply");
	say(feed, feed->link_why.text);
	return about->kind != FEED_MONITORS;
}

/* False: the connection is of no use. */
static bool objects_take(struct feed *feed, uint64_t now_ns)
{
	json_t *object;
	int ret;
	bool good = true;

	while (good && (ret = link_take(&feed->link, &object)) != 0) {
		const char *kind;

		if (ret < 0)
			return false;
		kind = json_string_value(json_object_get(object, "event"));
		if (kind)
			event_came(feed, kind, object, now_ns);
		else
			good = reply_came(feed, object, now_ns);
		json_decref(object);
	}
	return good;
}

static bool link_is_ready(const struct link *link)
{
	struct pollfd pfd = { .fd = link->fd, .events = POLLIN };

	return link->fd >= 0 && poll(&pfd, 1, 0) > 0;
}

static void link_read_all(struct feed *feed, uint64_t now_ns)
{
	bool good = true;

	for (unsigned n = 0; good && n < READS_A_TURN && link_is_ready(&feed->link); n++) {
		good = link_fill(&feed->link) == 0;
		/* What came before the end is taken, too. */
		good = objects_take(feed, now_ns) && good;
	}
	if (!good)
		gone(feed, now_ns);
}

/* Actions */

static void pull_send(struct feed *feed, const struct row *row, bool up)
{
	json_t *request = json_pack("{s:s, s:{s:s}}", "cmd", "pull", "lines", row->line, up ? "pull-up" : "pull-down");

	if (!request_send(feed, (struct feed_request){ FEED_ACTS, 0 }, request, clock_now_ns()))
		gone(feed, clock_now_ns());
	json_decref(request);
}

static void row_release(struct feed *feed, struct row *row)
{
	row->release_ns = 0;
	feed->n_pressed--;
	pull_send(feed, row, row->released_level);
}

/* What is due until then; room that is wanting comes with the next answer. */
static void rows_release(struct feed *feed, uint64_t now_ns)
{
	for (size_t i = 0; feed->n_pressed > 0 && i < feed->rows->n; i++) {
		struct row *row = &feed->rows->rows[i];

		if (row->release_ns > 0 && row->release_ns <= now_ns && has_room(feed))
			row_release(feed, row);
	}
}

static json_t *action_request(const struct row *row, enum feed_action action)
{
	if (action == FEED_LOW || action == FEED_HIGH)
		return json_pack("{s:s, s:{s:i}}", "cmd", "set", "lines", row->line, (int)(action == FEED_HIGH));
	if (action == FEED_PULL_DOWN || action == FEED_PULL_UP)
		return json_pack("{s:s, s:{s:s}}", "cmd", "pull", "lines", row->line,
				 action == FEED_PULL_UP ? "pull-up" : "pull-down");
	return json_pack("{s:s, s:[s]}", "cmd", "toggle", "lines", row->line);
}

/* Why it cannot be done; NULL: it can. */
static const char *refusal(const struct feed *feed, const struct row *row)
{
	if (feed->state == FEED_GONE || feed->state == FEED_TELLS)
		return "there is no daemon";
	if (!row->now.sim)
		return "a real line: read and watch only";
	/* Some room is left for releasing. */
	if (feed->n_sent - feed->n_answered >= FEED_PENDING_MAX / 2)
		return "the daemon has not answered what was asked before";
	return NULL;
}

void feed_act(struct feed *feed, struct row *row, enum feed_action action, uint64_t now_ns)
{
	const char *why = refusal(feed, row);
	struct feed_request about = { FEED_ACTS, 0 };
	json_t *request;

	if (why) {
		why_fail(0, &feed->said, "%s.%s: %s", row->guest, row->name, why);
		feed->changed = true;
		return;
	}
	/* A button that is pressed stays so for longer; all else is the end of that. */
	if (action == FEED_PRESS && row->is_pressing)
		return;
	if (action == FEED_PRESS && row->release_ns > 0) {
		row->release_ns = now_ns + STIMULUS_HOLD_NS;
		return;
	}
	feed->n_pressed -= row->release_ns > 0;
	row->release_ns = 0;
	row->is_pressing = action == FEED_PRESS;
	request = action_request(row, action);
	if (action == FEED_PRESS) {
		about.kind = FEED_PRESSES;
		about.row = (size_t)(row - feed->rows->rows);
		feed->n_pressing++;
	}
	if (!request_send(feed, about, request, now_ns))
		gone(feed, now_ns);
	json_decref(request);
}

void feed_release(struct feed *feed)
{
	uint64_t end_ns = clock_now_ns() + RELEASE_NS;

	while (feed->n_pressing > 0 && clock_now_ns() < end_ns) {
		struct pollfd pfd = { .fd = feed->link.fd, .events = POLLIN };

		poll(&pfd, 1, 10);
		link_read_all(feed, clock_now_ns());
	}
	rows_release(feed, UINT64_MAX);
}

/* All of it */

uint64_t feed_due(const struct feed *feed)
{
	uint64_t due_ns = feed->due_ns;

	for (size_t i = 0; feed->n_pressed > 0 && i < feed->rows->n; i++) {
		const struct row *row = &feed->rows->rows[i];

		if (row->release_ns > 0 && row->release_ns < due_ns)
			due_ns = row->release_ns;
	}
	return due_ns;
}

void feed_step(struct feed *feed, uint64_t now_ns)
{
	if (feed->state == FEED_GONE && now_ns >= feed->due_ns)
		connect_again(feed, now_ns);
	link_read_all(feed, now_ns);
	if (feed->state != FEED_GONE)
		rows_release(feed, now_ns);
	if (feed->state != FEED_GONE && now_ns >= feed->due_ns)
		beat(feed, now_ns);
}

/* False: said. */
static bool request_make(struct feed *feed, char *const *words, int n_words)
{
	json_t *lines = json_array();
	size_t len = 0;

	feed->request = json_pack("{s:s}", "cmd", "monitor");
	for (int i = 0; i < n_words; i++) {
		len += strlen(words[i]) + 3;
		if (json_array_append_new(lines, json_string(words[i])) < 0) {
			error_print("panel: \"%s\" is not UTF-8", words[i]);
			len = SIZE_MAX / 2;
		}
	}
	if (n_words > 0)
		json_object_set(feed->request, "lines", lines);
	json_decref(lines);
	if (len > WORDS_MAX && len < SIZE_MAX / 2)
		error_print("panel: too many lines; without any it has all, and a filter");
	return len <= WORDS_MAX;
}

int feed_open(struct feed *feed, struct rows *rows, const char *path, char *const *words, int n_words)
{
	json_t *reply;

	*feed = (struct feed){ .link.fd = -1, .rows = rows };
	told_init(&feed->told, rows);
	if (!request_make(feed, words, n_words))
		return EXIT_USAGE;
	if (link_open(&feed->link, path) < 0)
		return EXIT_FAILED;
	reply = link_exchange(&feed->link, feed->request);
	json_decref(reply);
	/* From now on the terminal is the panel's. */
	feed->link.why = &feed->link_why;
	feed->state = FEED_TELLS;
	feed->due_ns = clock_now_ns();
	return reply ? 0 : EXIT_FAILED;
}

void feed_close(struct feed *feed)
{
	link_close(&feed->link);
	json_decref(feed->request);
	told_deinit(&feed->told);
	*feed = (struct feed){ .link.fd = -1 };
}
