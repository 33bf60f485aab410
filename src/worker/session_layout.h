/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What lies where in a worker's session memory, which outlives it: the library's session, struct worker_state, a struct
 * line_state a line, the chips' own state. In this order, each at a multiple of 64 bytes.
 *
 * It is read by a successor, which may be another program, and may hold anything: who uses a part checks it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "chip/aggregate.h"
#include "guest/guest.h"

struct line_state;

struct worker_state {
	uint32_t begun; /* not 0: the lines have taken their first state, init or idle */
	uint32_t drops; /* the lines were put into their idle state as often */
};

/* Bytes of session memory for this guest. */
size_t session_layout_size(const struct guest *guest);
/* So many of them, zeroed, as a memfd whose size nobody can change; -errno. */
int session_layout_create(size_t size);
/*
 * What the session's memory means, as a number: the same in two programs when one can go on with the session of the
 * other. (A session that passes this may still be invalid: it is checked as ever.)
 */
uint64_t session_layout_id(void);
/*
 * A number that the memory of this fd has, another one after each answer of a worker's; 0 when there is none. A worker
 * that lies there keeps its own guest's session.
 */
uint32_t session_layout_progress(int session_fd);
/*
 * So many front-ends has the worker taken, accepted or refused, and 1 when it began to: in the session's memory; by its
 * fd, as above.
 */
uint32_t *session_layout_accepts(void *session);
uint32_t session_layout_accepted(int session_fd);
/* How many of them, from the start, are the connection's: without them the lines' state is still good. */
size_t session_layout_connection_size(void);
/* How many fds the supervisor must be ready to store for it, beside those of lines. */
size_t session_layout_fds_max(void);
/* Under which key the connection to the front-end is stored: without it there is none. */
uint32_t session_layout_connection_key(void);
/* Under which key the request of a line is stored. */
uint32_t session_layout_line_key(unsigned line);

/* The parts of a session. */
struct worker_state *session_layout_state(void *session);
struct line_state *session_layout_lines(void *session);
void *session_layout_chips(void *session, const struct guest *guest);

/* The chips of a guest, as aggregate_attach() wants them. Returns how many. */
unsigned session_layout_members(const struct guest *guest, struct aggregate_member members[GUEST_CHIPS_MAX]);
