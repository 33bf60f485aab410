/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The board around the guests: chosen lines, watched and driven over one connection, on which replies and events are in
 * order. See docs/bench.md.
 *
 * All that waits does so in board_pump(), which also does what stimuli have to do when it is due. Made and given up by
 * board_open.h.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "bench/stimulus.h"
#include "bench/trace.h"
#include "board/link.h"

#define BOARD_PENDING_MAX 64

struct board_guest {
	char *name; /* owned */
	uint16_t a_line;
	bool ready;
	uint64_t ready_ns; /* the stamp of the event that said so, or that it is not */
};

/* What is being done to a line. */
struct board_drive {
	struct stimulus stimulus;
	struct stimulus_edge next;
	uint64_t origin_ns; /* of its times */
	bool idle;	    /* the level before */
	bool runs;	    /* there is a next edge */
	unsigned n_pending; /* edges that are not answered yet */
	size_t tag;
};

struct board_line {
	char *name; /* owned; as the daemon calls it */
	unsigned offset;
	bool sim;
	uint16_t same_as; /* the first one of this name: it is the one that is driven */
	struct board_drive drive;
};

enum board_action {
	BOARD_SET,
	BOARD_PULL,
	BOARD_TOGGLE,
};

/* Who asked what: the replies come in the same order. */
struct board_request {
	enum {
		BOARD_ASKS_TIME,
		BOARD_ASKS_GUESTS,
		BOARD_ACTS,
		BOARD_STIMULATES,
		BOARD_PLAYS,
	} kind;
	uint16_t line; /* of BOARD_ACTS and BOARD_STIMULATES */
	size_t tag;
};

struct board {
	struct link *link;
	struct trace trace;
	struct board_line *lines;			 /* owned; as many as the trace has */
	struct board_guest *guests;			 /* owned; the same */
	json_t *numbers;				 /* owned; of the lines, by name */
	bool has_twins;					 /* a line stands there twice */
	struct board_request pending[BOARD_PENDING_MAX]; /* a ring */
	uint64_t n_sent, n_answered;
	uint64_t answer_ns; /* the stamp of the last reply to BOARD_ACTS */
	uint64_t heard_ns;  /* our clock: when something came last, or was waited for first */
	bool syncs;	    /* the reply to a board_sync() is to come */
	bool ended;	    /* the connection is; said */
	bool failed;
	struct why why; /* "": it was said */
	size_t tag;	/* of what failed; SIZE_MAX: of nothing that was done */
	/* Of each event of a line, and of what was lost, when it has come. May be NULL. */
	void (*event)(void *ctx, const struct line_event *event);
	void (*lost)(void *ctx, const char *guest, uint64_t count);
	/* BOARD_PLAYS is answered, with that stamp. */
	void (*answered)(void *ctx, size_t tag, uint64_t time_ns);
	void *ctx;
};

/* Takes what comes, until something came, or until that time. False: failed, here and below. */
bool board_pump(struct board *board, uint64_t until_ns);
/* Asks up to when all is known; one at a time. */
bool board_sync(struct board *board);
/* Waits until all that is older is known. */
bool board_reach(struct board *board, uint64_t time_ns);
/* Asks which guests are ready; when they become it, it shows. */
bool board_look(struct board *board);

/* Whether a request may be sent now; stimuli leave some room for others. */
bool board_has_room(const struct board *board, bool stimulus);
/* Sends one, for which there is room, and gives it up; the answer is dealt with as about says. */
bool board_send(struct board *board, json_t *request, const struct board_request *about);

/*
 * Does it, and gives its stamp: that of the line's change, or from when on it can have changed. tag is the caller's, for
 * when it fails.
 */
bool board_act(struct board *board, uint16_t line, enum board_action action, bool level, size_t tag, uint64_t *time_ns);
/* The first edge is made; the stamp is that of it. The others follow, as time and board_pump() go on. */
bool board_stimulate(struct board *board, uint16_t line, const struct stimulus_spec *spec, size_t tag,
		     uint64_t *time_ns);
/* Something is being done to the line. */
bool board_is_busy(const struct board *board, uint16_t line);
/* The stimuli that have no end do; waits for the others. */
bool board_finish(struct board *board);
