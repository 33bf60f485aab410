/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Plays a waveform on lines of a board. The lines that change together are set by one request, or by few where they are
 * many; it is ready before it is due, and is sent when the clock says so: sleeping ends some time before.
 */
#include "board/player.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/clock.h"

#define LEAD_NS	 2000000u /* until the first moment */
#define AWAKE_NS 200000u  /* before each: a processor that slept is not there at once */
#define LOOK_NS	 50000u	  /* before each: what comes is looked at until then */

#define REQUEST_MAX 3500 /* bytes of lines that one has room for */
#define LINE_BYTES  16	 /* beside the name */

/* Those of a moment, as they grow. */
struct requests {
	json_t *all;
	json_t *lines[2]; /* of the last "set" and "pull"; in all */
	size_t len[2];
};

static void answer_came(void *ctx, size_t tag, uint64_t time_ns)
{
	struct player *player = ctx;
	uint64_t due_ns = player->due_ns[tag % BOARD_PENDING_MAX];

	jitter_add(&player->jitter, time_ns > due_ns ? time_ns - due_ns : 0);
}

/* As JSON. */
static size_t name_len(const char *name)
{
	size_t len = LINE_BYTES;

	for (; *name; name++)
		len += *name < ' ' || *name == '"' || *name == '\\' ? 6 : 1;
	return len;
}

static void step_add(const struct player *player, struct requests *requests, const struct playback_step *step)
{
	const char *name = player->board->lines[step->line].name;
	bool pull = step->level > VCD_HIGH;
	bool high = step->level == VCD_HIGH || step->level == VCD_PULL_HIGH ||
		    (step->level == VCD_NONE && player->idle[step->line] > 0);

	if (!requests->lines[pull] || requests->len[pull] + name_len(name) > REQUEST_MAX) {
		requests->lines[pull] = json_object();
		requests->len[pull] = 0;
		json_array_append_new(requests->all, json_pack("{s:s, s:o}", "cmd", pull ? "pull" : "set", "lines",
							       requests->lines[pull]));
	}
	requests->len[pull] += name_len(name);
	json_object_set_new(requests->lines[pull], name,
			    pull ? json_string(high ? "pull-up" : "pull-down") : json_integer(high));
}

static json_t *requests_make(const struct player *player, const struct playback_moment *moment)
{
	struct requests requests = { .all = json_array() };

	for (size_t i = 0; i < moment->n; i++)
		step_add(player, &requests, &moment->steps[i]);
	return requests.all;
}

static bool pump(const struct player *player, uint64_t until_ns)
{
	bool good = board_pump(player->board, until_ns);

	trace_forget(&player->board->trace, UINT64_MAX);
	return good;
}

static bool wait_until(const struct player *player, uint64_t due_ns)
{
	uint64_t now;

	while (!player->board->failed && (now = clock_now_ns()) < due_ns) {
		if (due_ns - now > AWAKE_NS)
			pump(player, due_ns - AWAKE_NS);
		else if (due_ns - now > LOOK_NS)
			pump(player, 0);
	}
	return !player->board->failed;
}

static bool request_send(struct player *player, json_t *request, uint64_t due_ns)
{
	const struct board_request about = { .kind = BOARD_PLAYS, .tag = player->n_requests };

	while (!player->board->failed && !board_has_room(player->board, true))
		pump(player, UINT64_MAX);
	if (player->board->failed)
		return false;
	player->due_ns[player->n_requests++ % BOARD_PENDING_MAX] = due_ns;
	return board_send(player->board, json_incref(request), &about);
}

static bool moment_play(struct player *player, const struct playback_moment *moment)
{
	uint64_t due_ns = player->origin_ns + moment->at_ns;
	json_t *requests = requests_make(player, moment);
	bool good = wait_until(player, due_ns);

	for (size_t i = 0; good && i < json_array_size(requests); i++)
		good = request_send(player, json_array_get(requests, i), due_ns);
	json_decref(requests);
	player->n_changes += moment->n;
	return good;
}

/* When it was to be: in the words of the failure. */
static bool fail(struct player *player)
{
	struct board *board = player->board;

	if (board->tag != SIZE_MAX && *board->why.text)
		why_fail(EINVAL, &board->why, "at %.6f s: %s",
			 (double)(player->due_ns[board->tag % BOARD_PENDING_MAX] - player->origin_ns) / 1e9,
			 board->why.text);
	return false;
}

bool player_run(struct player *player, struct board *board, struct playback *playback)
{
	struct playback_moment moment;

	*player = (struct player){ .board = board, .playback = playback };
	player->idle = calloc(board->trace.n_lines + 1, sizeof(*player->idle));
	if (!player->idle) {
		board->failed = true;
		why_fail(ENOMEM, &board->why, "out of memory");
		return false;
	}
	for (size_t i = 0; i < board->trace.n_lines; i++)
		player->idle[i] = board->trace.lines[i].present.level;
	board->answered = answer_came;
	board->ctx = player;
	/* Not later than need be. */
	prctl(PR_SET_TIMERSLACK, 1ul);
	player->origin_ns = clock_now_ns() + LEAD_NS;
	while (!board->failed && playback_next(playback, &moment) > 0)
		moment_play(player, &moment);
	while (!board->failed && board->n_answered < board->n_sent)
		pump(player, UINT64_MAX);
	free(player->idle);
	player->idle = NULL;
	return !board->failed || fail(player);
}
