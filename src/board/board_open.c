/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From words to a board: lines are looked up, then watched. */
#include "board/board_open.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MONITOR_WORDS_MAX 3500 /* bytes of names that one request has room for; otherwise all lines are monitored */

static bool fail(struct board *board, const char *text)
{
	board->failed = true;
	snprintf(board->why.text, sizeof(board->why.text), "%s", text);
	return false;
}

/* What the daemon says of the request. NULL: why, or said. The request is given up. */
static json_t *ask(struct board *board, json_t *request)
{
	json_t *reply = link_ask(board->link, request);
	const char *error = json_string_value(json_object_get(reply, "error"));

	json_decref(request);
	board->failed = !reply;
	if (!reply || json_is_true(json_object_get(reply, "ok")))
		return reply;
	fail(board, error ? error : "invalid reply");
	json_decref(reply);
	return NULL;
}

/* The lines that the words name, one for each, as an array of what "info" says. NULL: see above. */
static json_t *words_look(struct board *board, const char *const *words, size_t n, size_t *which)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *request = json_pack("{s:s, s:[s]}", "cmd", "info", "lines", words[i]);
		json_t *reply = request ? ask(board, request) : NULL;

		*which = i;
		if (!request)
			fail(board, "not UTF-8");
		if (!reply) {
			json_decref(lines);
			return NULL;
		}
		json_array_extend(lines, json_object_get(reply, "lines"));
		json_decref(reply);
	}
	return lines;
}

static json_t *all_look(struct board *board)
{
	json_t *lines = json_array(), *more = NULL;

	do {
		json_t *request =
			more ? json_pack("{s:s, s:O}", "cmd", "info", "from", more) : json_pack("{s:s}", "cmd", "info");
		json_t *reply = ask(board, request);

		json_decref(more);
		more = json_incref(json_object_get(reply, "more"));
		json_array_extend(lines, json_object_get(reply, "lines"));
		if (!reply || json_array_size(json_object_get(reply, "lines")) == 0) {
			json_decref(more);
			more = NULL;
		}
		if (!reply) {
			json_decref(lines);
			lines = NULL;
		}
		json_decref(reply);
	} while (more);
	return lines;
}

/* The guest's number; it is added when it is new. */
static uint16_t guest_number(struct board *board, const char *name, uint16_t line)
{
	size_t n = board->trace.n_guests;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(board->guests[i].name, name) == 0)
			return (uint16_t)i;
	}
	board->guests[n] = (struct board_guest){ .name = strdup(name), .a_line = line };
	board->trace.n_guests++;
	return (uint16_t)n;
}

static bool line_take(struct board *board, size_t i, const json_t *said)
{
	const char *name = json_string_value(json_object_get(said, "line"));
	const char *guest = json_string_value(json_object_get(said, "guest"));
	uint16_t number;

	if (!name || !guest)
		return fail(board, "invalid reply");
	number = guest_number(board, guest, (uint16_t)i);
	board->lines[i] = (struct board_line){
		.name = strdup(name),
		.offset = (unsigned)json_integer_value(json_object_get(said, "offset")),
		.sim = json_is_true(json_object_get(said, "sim")),
	};
	if (!board->guests[number].name || !board->lines[i].name)
		return fail(board, strerror(ENOMEM));
	board->lines[i].same_as = (uint16_t)i;
	if (json_object_get(board->numbers, name)) {
		board->lines[i].same_as = (uint16_t)json_integer_value(json_object_get(board->numbers, name));
		board->has_twins = true;
	} else {
		json_object_set_new(board->numbers, name, json_integer((json_int_t)i));
	}
	trace_set(&board->trace, (uint16_t)i, number, (struct line_now){ .level = -1 });
	return true;
}

static bool lines_take(struct board *board, const json_t *lines)
{
	size_t n = json_array_size(lines);

	board->lines = calloc(n + 1, sizeof(*board->lines));
	board->guests = calloc(n + 1, sizeof(*board->guests));
	board->numbers = json_object();
	if (n > BENCH_LINES_MAX)
		return fail(board, "too many lines");
	if (!board->lines || !board->guests || !board->numbers || trace_init(&board->trace, n, n) < 0)
		return fail(board, strerror(ENOMEM));
	board->trace.n_guests = 0;
	for (size_t i = 0; i < n; i++) {
		if (!line_take(board, i, json_array_get(lines, i)))
			return false;
	}
	return true;
}

static bool watch(struct board *board, bool all)
{
	json_t *words = json_array(), *request;
	size_t len = 0;
	int ret;

	for (size_t i = 0; i < board->trace.n_lines && !all; i++) {
		len += strlen(board->lines[i].name) + 3;
		json_array_append_new(words, json_string(board->lines[i].name));
	}
	if (all || len > MONITOR_WORDS_MAX)
		request = json_pack("{s:s}", "cmd", "monitor");
	else
		request = json_pack("{s:s, s:O}", "cmd", "monitor", "lines", words);
	json_decref(words);
	json_decref(ask(board, request));
	if (board->failed)
		return false;
	/* Answered when all states are told. */
	ret = board_sync(board);
	while (ret && board->n_answered < board->n_sent)
		ret = board_pump(board, UINT64_MAX);
	return ret;
}

bool board_open(struct board *board, struct link *link, const char *const *words, size_t n, size_t *which)
{
	json_t *lines;
	bool good;

	*which = SIZE_MAX;
	*board = (struct board){ .link = link, .tag = SIZE_MAX };
	lines = n > 0 ? words_look(board, words, n, which) : all_look(board);
	if (!lines)
		return false;
	*which = SIZE_MAX;
	good = lines_take(board, lines);
	json_decref(lines);
	if (good && board->trace.n_lines == 0)
		return fail(board, "there are no lines");
	return good && watch(board, n == 0);
}

void board_close(struct board *board)
{
	for (size_t i = 0; board->lines && i < board->trace.n_lines; i++)
		free(board->lines[i].name);
	for (size_t i = 0; board->guests && i < board->trace.n_guests; i++)
		free(board->guests[i].name);
	free(board->lines);
	free(board->guests);
	json_decref(board->numbers);
	trace_deinit(&board->trace);
	*board = (struct board){ .link = NULL };
}
