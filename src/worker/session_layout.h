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
	uint32_t begun; /* not 0: the lines have taken their first state, init or rest */
	uint32_t drops; /* the lines were put into their resting state as often */
};

/* Bytes of session memory for this guest. */
size_t worker_session_size(const struct guest *guest);
/*
 * What the session's memory means, as a number: the same in two programs when one can take up what the other has left.
 * (A session that passes this may still make no sense: it is checked as ever.)
 */
uint64_t worker_session_layout(void);
/* How many of them, from the start, are the connection's: without them the lines' state is still good. */
size_t worker_connection_size(void);
/* How many fds the supervisor must be ready to keep for it, beside those of lines. */
size_t worker_kept_max(void);
/* Under which key the request of a line is kept. */
uint32_t worker_line_key(unsigned line);

/* The parts of a session. */
struct worker_state *worker_session_state(void *session);
struct line_state *worker_session_lines(void *session);
void *worker_session_chips(void *session, const struct guest *guest);

/* The chips of a guest, as aggregate_attach() wants them. Returns how many. */
unsigned worker_session_members(const struct guest *guest, struct aggregate_member members[GUEST_CHIPS_MAX]);
