/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A process that is kept running, and does what a test says: it ends, waits, or is stubborn. */
#pragma once

#include "rows.h"

#include "process/child.h"

/* What the process does. */
enum life {
	LIFE_END_WELL,
	LIFE_END_BADLY,
	LIFE_WAIT,	     /* until it is killed */
	LIFE_WAIT_END_WELL,  /* SIGTERM ends it with status 0 */
	LIFE_WAIT_MAKE_ROOM, /* SIGTERM ends it with the status that says so */
	LIFE_LACK,	     /* ends at once, for want of something */
	LIFE_STUBBORN,	     /* SIGTERM does nothing to it */
};

struct fixture {
	struct child child;
	struct loop loop;
	sigset_t signals_own;
	enum life life;
	int starts, ends;
	int loops[CHILD_LOOPS];
	uint32_t progress; /* what it is said to have done */
	int prepare_error; /* -errno: it cannot be started */
	bool done_at_end;
};

/* cmocka fixtures: *state is the fixture, and nothing runs. */
int fixture_up(void **state);
int fixture_down(void **state);

/* Starts it, and it runs. */
void start(struct fixture *fixture, enum life life);
/* The pause is over. */
void start_now(struct fixture *fixture);
/* Waits for the end of the process that runs now, then does what is due. */
void reap(struct fixture *fixture);
/* So many deaths, each with a successor at once. */
void die(struct fixture *fixture, unsigned times);
/* As if it had died that long ago. */
void make_older(struct fixture *fixture, uint64_t ns);
