/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A whole worker in this process, one life after the other, on a session in shared memory; the supervisor's side, and
 * the front-end's side as in fixture.h.
 *
 * To be linked with --wrap for loop_run: in its place worker_fixture_run()'s live() runs.
 */
#pragma once

#include "fixture.h"
#include "ipc/fd_store.h"

struct worker_fixture {
	uint8_t *memory; /* the session as a whole */
	size_t size;
	size_t state_at, lines_at; /* of struct worker_state, of the lines' states */
	struct fd_store store;
	int control_fd; /* the control process's end */
	unsigned drops;
};

extern struct worker_fixture worker_fixture;

void worker_fixture_start(void);
/* A worker takes up the session, and live() runs; then it hands the session over to a successor. */
void worker_fixture_run(void (*live)(void));
/* The session is dropped, as after too many deaths. */
void worker_fixture_drop_session(void);
void worker_fixture_end(void);
