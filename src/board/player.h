/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Plays a waveform on lines of a board. */
#pragma once

#include "board/board.h"
#include "wave/jitter.h"
#include "wave/playback.h"

struct player {
	struct board *board;	   /* the caller's, as the next one; its lines are those of the playback */
	struct playback *playback; /* from its beginning on; known to be good to its end */
	int8_t *idle;		   /* owned; of each line: the level before */
	uint64_t origin_ns;
	uint64_t due_ns[BOARD_PENDING_MAX]; /* of the last requests */
	size_t n_requests;
	uint64_t n_changes;
	struct jitter jitter; /* as against the daemon's stamps */
};

/* To the end; the lines stay as they are then. False: the board failed. */
bool player_run(struct player *player, struct board *board, struct playback *playback);
