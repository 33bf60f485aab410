/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The board around the guests. */
#include "board/board.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "board/event.h"

#define NS_PER_S       1000000000u
#define TEXT_MAX       (64ul * 1024 * 1024) /* that waits to be understood */
#define OBJECTS_A_LOOK 64
#define QUIET_NS       5000000000u /* for an answer: then it is looked whether the daemon lives */

static bool fail(struct board *board, size_t tag, const char *text)
{
	if (board->failed)
		return false;
	board->failed = true;
	board->tag = tag;
	snprintf(board->why.text, sizeof(board->why.text), "%s", text);
	return false;
}

/* Events */

static void event_add(struct board *board, const struct line_event *event)
{
	int ret = trace_add(&board->trace, event);

	if (ret == -ENOSPC)
		fail(board, SIZE_MAX, "more than 1000000 changes within one step");
	else if (ret < 0)
		fail(board, SIZE_MAX, strerror(-ret));
	else if (board->event)
		board->event(board->ctx, event);
}

/* A line is so, or has become so. */
static void line_event_came(struct board *board, const json_t *object, bool is_state)
{
	const json_t *name = json_object_get(object, "line");
	const json_t *number = json_object_get(board->numbers, json_is_string(name) ? json_string_value(name) : "");
	size_t first = (size_t)json_integer_value(number), end = board->has_twins ? board->trace.n_lines : first + 1;
	struct line_event event = { .now = event_now(object), .time_ns = event_time(object) };

	for (size_t i = first; number && i < end; i++) {
		if (board->lines[i].same_as != first)
			continue;
		event.line = (uint16_t)i;
		if (is_state)
			trace_set(&board->trace, event.line, board->trace.lines[i].guest, event.now);
		else
			event_add(board, &event);
	}
}

/*
 * A reply about several guests is as old as what it says of the first: events that were told before it may be newer. Its stamp
 * is that guest's word, and moves no other guest's.
 */
static void guest_came(struct board *board, const char *name, bool ready, uint64_t time_ns, bool is_event)
{
	for (size_t i = 0; i < board->trace.n_guests; i++) {
		struct board_guest *guest = &board->guests[i];

		if (strcmp(guest->name, name) != 0 || (!is_event && time_ns < guest->ready_ns))
			continue;
		guest->ready = ready;
		if (is_event)
			guest->ready_ns = time_ns;
	}
}

static bool has_guest(const struct board *board, const char *name)
{
	size_t i = 0;

	while (i < board->trace.n_guests && strcmp(board->guests[i].name, name) != 0)
		i++;
	return i < board->trace.n_guests;
}

static void event_came(struct board *board, const char *kind, const json_t *object)
{
	const char *guest = json_string_value(json_object_get(object, "guest"));
	const char *error = json_string_value(json_object_get(object, "error"));
	uint64_t count = (uint64_t)json_integer_value(json_object_get(object, "count"));

	if (!guest || !has_guest(board, guest))
		return;
	if (strcmp(kind, "change") == 0 || strcmp(kind, "state") == 0)
		line_event_came(board, object, *kind == 's');
	else if (strcmp(kind, "guest") == 0)
		guest_came(board, guest, json_is_true(json_object_get(object, "ready")), event_time(object), true);
	else if (strcmp(kind, "lost") == 0 && board->lost)
		board->lost(board->ctx, guest, count);
	else if (strcmp(kind, "error") == 0)
		fail(board, SIZE_MAX, error ? error : "invalid event");
}

/* Replies */

static void guests_answer(struct board *board, const json_t *reply, uint64_t time_ns)
{
	const json_t *guests = json_object_get(reply, "guests");

	for (size_t i = 0; i < json_array_size(guests); i++) {
		const json_t *guest = json_array_get(guests, i);
		const char *name = json_string_value(json_object_get(guest, "name"));

		if (name)
			guest_came(board, name, json_is_true(json_object_get(guest, "ready")), time_ns, false);
	}
}

static void reply_came(struct board *board, const json_t *reply)
{
	const struct board_request *request = &board->pending[board->n_answered % BOARD_PENDING_MAX];
	uint64_t time_ns = event_time(reply);
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (board->n_answered == board->n_sent) {
		fail(board, SIZE_MAX, "a reply that was not asked for");
		return;
	}
	board->n_answered++;
	if (request->kind == BOARD_STIMULATES)
		board->lines[request->line].drive.n_pending--;
	if (!json_is_true(json_object_get(reply, "ok"))) {
		fail(board, request->tag, error ? error : "invalid reply");
		return;
	}
	if (request->kind == BOARD_ASKS_GUESTS) {
		guests_answer(board, reply, time_ns);
		return;
	}
	if (request->kind == BOARD_ACTS)
		board->answer_ns = time_ns;
	if (request->kind == BOARD_PLAYS)
		board->answered(board->ctx, request->tag, time_ns);
	for (size_t i = 0; request->kind == BOARD_ASKS_TIME && i < board->trace.n_guests; i++)
		trace_told(&board->trace, (uint16_t)i, time_ns);
	board->syncs &= request->kind != BOARD_ASKS_TIME;
}

static bool comes_before(const struct link *link, uint64_t until_ns)
{
	struct pollfd pfd = { .fd = link->fd, .events = POLLIN };
	uint64_t now = clock_now_ns(), left = until_ns > now ? until_ns - now : 0;
	struct timespec timeout = { .tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S) };

	return ppoll(&pfd, 1, until_ns == UINT64_MAX ? NULL : &timeout, NULL) > 0;
}

/* The daemon tells who reads too slowly that something was lost: reading goes before understanding. */
static void text_take(struct board *board)
{
	struct link *link = board->link;

	while (!board->ended && link->len - link->next < TEXT_MAX && comes_before(link, 0)) {
		/* What came before is told first. */
		if (link_fill(link) < 0)
			board->ended = true;
	}
}

/* All that has come. Whether there was something. */
static bool objects_take(struct board *board)
{
	bool any = false;
	json_t *object;
	int ret;

	for (unsigned n = 0; !board->failed && (ret = link_take(board->link, &object)) != 0; n++) {
		const char *kind = json_string_value(json_object_get(object, "event"));

		if (ret < 0)
			fail(board, SIZE_MAX, "");
		else if (kind)
			event_came(board, kind, object);
		else
			reply_came(board, object);
		json_decref(object);
		any = true;
		if (n % OBJECTS_A_LOOK == OBJECTS_A_LOOK - 1)
			text_take(board);
	}
	return any;
}

/* Requests */

bool board_has_room(const struct board *board, bool stimulus)
{
	return board->n_sent - board->n_answered < (stimulus ? BOARD_PENDING_MAX / 2 : BOARD_PENDING_MAX);
}

bool board_send(struct board *board, json_t *request, const struct board_request *about)
{
	if (!board->failed && link_send(board->link, request) < 0)
		fail(board, about->tag, "");
	json_decref(request);
	if (board->failed)
		return false;
	if (board->n_sent == board->n_answered)
		board->heard_ns = clock_now_ns();
	board->pending[board->n_sent++ % BOARD_PENDING_MAX] = *about;
	return true;
}

static bool action_send(struct board *board, enum board_action action, bool level, const struct board_request *about)
{
	const char *name = board->lines[about->line].name;
	json_t *request;

	if (action == BOARD_TOGGLE)
		request = json_pack("{s:s, s:[s]}", "cmd", "toggle", "lines", name);
	else if (action == BOARD_PULL)
		request = json_pack("{s:s, s:{s:s}}", "cmd", "pull", "lines", name, level ? "pull-up" : "pull-down");
	else
		request = json_pack("{s:s, s:{s:i}}", "cmd", "set", "lines", name, (int)level);
	return board_send(board, request, about);
}

bool board_sync(struct board *board)
{
	const struct board_request about = { .kind = BOARD_ASKS_TIME, .tag = SIZE_MAX };
	json_t *words;

	if (board->syncs || !board_has_room(board, false))
		return !board->failed;
	words = json_array();
	for (size_t i = 0; i < board->trace.n_guests; i++)
		json_array_append_new(words, json_string(board->lines[board->guests[i].a_line].name));
	board->syncs = true;
	return board_send(board, json_pack("{s:s, s:o}", "cmd", "get", "lines", words), &about);
}

static bool room_await(struct board *board)
{
	while (!board->failed && !board_has_room(board, false))
		board_pump(board, UINT64_MAX);
	return !board->failed;
}

bool board_look(struct board *board)
{
	const struct board_request about = { .kind = BOARD_ASKS_GUESTS, .tag = SIZE_MAX };
	char from[80];

	for (size_t i = 0; i < board->trace.n_guests && room_await(board); i++) {
		snprintf(from, sizeof(from), "%.64s.0", board->guests[i].name);
		board_send(board, json_pack("{s:s, s:s}", "cmd", "info", "from", from), &about);
	}
	return !board->failed;
}

bool board_act(struct board *board, uint16_t line, enum board_action action, bool level, size_t tag, uint64_t *time_ns)
{
	const struct board_request about = { .kind = BOARD_ACTS, .line = board->lines[line].same_as, .tag = tag };
	const struct trace *trace = &board->trace;
	uint64_t number;

	if (!room_await(board) || !action_send(board, action, level, &about))
		return false;
	for (number = board->n_sent; board->n_answered < number;) {
		if (!board_pump(board, UINT64_MAX))
			return false;
	}
	*time_ns = board->answer_ns;
	for (size_t i = trace->n; i-- > 0 && trace->events[i].time_ns >= board->answer_ns;) {
		if (trace->events[i].line == line)
			*time_ns = trace->events[i].time_ns;
	}
	return true;
}

/* Stimuli */

static void drive_go_on(struct board_drive *drive)
{
	drive->runs = stimulus_next(&drive->stimulus, &drive->next);
}

static uint64_t drive_due(const struct board_drive *drive)
{
	return drive->runs ? drive->origin_ns + drive->next.at_ns : UINT64_MAX;
}

bool board_is_busy(const struct board *board, uint16_t line)
{
	const struct board_drive *drive = &board->lines[board->lines[line].same_as].drive;

	return drive->runs || drive->n_pending > 0;
}

bool board_stimulate(struct board *board, uint16_t line, const struct stimulus_spec *spec, size_t tag,
		     uint64_t *time_ns)
{
	struct board_drive *drive = &board->lines[board->lines[line].same_as].drive;
	int8_t level;

	while (board_is_busy(board, line)) {
		if (!board_pump(board, UINT64_MAX))
			return false;
	}
	level = board->trace.lines[line].present.level;
	if (level < 0)
		return fail(board, tag, "the level of the line is not known");
	*drive = (struct board_drive){ .idle = level, .tag = tag };
	stimulus_begin(&drive->stimulus, spec);
	stimulus_next(&drive->stimulus, &drive->next);
	if (!board_act(board, line, BOARD_SET, !drive->idle, tag, &drive->origin_ns))
		return false;
	*time_ns = drive->origin_ns;
	drive_go_on(drive);
	return true;
}

static void drive_step(struct board *board, size_t i)
{
	struct board_drive *drive = &board->lines[i].drive;
	const struct board_request about = { .kind = BOARD_STIMULATES, .line = (uint16_t)i, .tag = drive->tag };
	enum stimulus_action action = drive->next.action;
	bool level = action == STIMULUS_ACTIVE ? !drive->idle : drive->idle;

	drive->n_pending++;
	drive_go_on(drive);
	action_send(board, action == STIMULUS_RELEASE ? BOARD_PULL : BOARD_SET, level, &about);
}

/* Does what is due. When the next one is. */
static uint64_t drives_step(struct board *board)
{
	uint64_t now = clock_now_ns(), first = UINT64_MAX;

	for (size_t i = 0; i < board->trace.n_lines && !board->failed; i++) {
		const struct board_drive *drive = &board->lines[i].drive;

		/* An edge at a time: the next one counts from when this one is seen to be done. */
		if (drive->runs && drive->n_pending == 0 && drive_due(drive) <= now && board_has_room(board, true))
			drive_step(board, i);
		if (drive->n_pending == 0 && drive_due(drive) > now && drive_due(drive) < first)
			first = drive_due(drive);
	}
	return first;
}

bool board_finish(struct board *board)
{
	for (size_t i = 0; i < board->trace.n_lines && !board->failed; i++) {
		struct board_drive *drive = &board->lines[i].drive;

		/* One without end stops where it began. */
		if (drive->runs && stimulus_duration(&drive->stimulus.spec) == UINT64_MAX) {
			if (drive->next.action == STIMULUS_IDLE && room_await(board))
				drive_step(board, i);
			drive->runs = false;
		}
		while (!board->failed && board_is_busy(board, (uint16_t)i))
			board_pump(board, UINT64_MAX);
	}
	return !board->failed;
}

/* Waiting */

/* A daemon that stands still is not waited for; one that waits for guests is. */
static bool hangs(struct board *board)
{
	if (board->n_sent == board->n_answered || clock_now_ns() < board->heard_ns + QUIET_NS)
		return false;
	board->heard_ns = clock_now_ns();
	return !link_lives(board->link) && !comes_before(board->link, 0);
}

bool board_pump(struct board *board, uint64_t until_ns)
{
	uint64_t due_ns = drives_step(board);

	if (board->failed || objects_take(board))
		return !board->failed;
	if (board->n_sent > board->n_answered && board->heard_ns + QUIET_NS < until_ns)
		until_ns = board->heard_ns + QUIET_NS;
	if (!comes_before(board->link, due_ns < until_ns ? due_ns : until_ns))
		return !hangs(board) || fail(board, SIZE_MAX, "the daemon does not answer");
	board->heard_ns = clock_now_ns();
	text_take(board);
	if (!objects_take(board) && board->ended)
		fail(board, SIZE_MAX, "");
	return !board->failed;
}

bool board_reach(struct board *board, uint64_t time_ns)
{
	while (!board->failed && trace_known(&board->trace) < time_ns) {
		if (clock_now_ns() > time_ns)
			board_sync(board);
		board_pump(board, board->syncs ? UINT64_MAX : time_ns + 1);
	}
	return !board->failed;
}
