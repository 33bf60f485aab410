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

#include "base/memory_form.h"
#include "chip/aggregate.h"
#include "guest/guest.h"

struct line_state;

struct worker_state {
	uint32_t begun;	  /* not 0: the lines have taken their first state, init or idle */
	uint32_t drops;	  /* the lines were put into their idle state as often */
	uint32_t accepts; /* so many front-ends were taken, accepted or refused, and 1 when that began; it wraps */
};

/* Bytes of session memory for this guest. */
size_t session_layout_size(const struct guest *guest);
/* Its form; -ENOMEM. The caller's, to be freed with memory_form_deinit(). */
int session_layout_form(const struct guest *guest, struct memory_form *form);
/*
 * Whether this program's workers can take memory of this form, whoever's guest's: all that must be known of it is.
 * -EPROTONOSUPPORT, with why.
 */
int session_layout_can_take(const struct memory_form *form, struct why *why);

#define SESSION_LAYOUT_FITS 2
/*
 * How memory of the form from becomes this guest's. SESSION_LAYOUT_FITS: as it is. 0, or 1 when something is lost, which
 * why names: *to, the caller's, is the form of the memory to move it into. -errno, with why.
 */
int session_layout_plan(const struct guest *guest, const struct memory_form *from, struct memory_form *to,
			struct why *why);
/*
 * A number that the memory of this fd has, another one after each answer of a worker's; 0 when there is none. A worker
 * that lies there keeps its own guest's session. form: NULL: this program's.
 */
uint32_t session_layout_progress(int session_fd, const struct memory_form *form);
/* The present worker's accepts, likewise. */
uint32_t session_layout_accepted(int session_fd, const struct memory_form *form);
/* How many of them, from the start, are the connection's: without them the lines' state is still good. */
size_t session_layout_connection_size(void);
/* How many fds the supervisor must be ready to store for it, beside those of lines. */
size_t session_layout_fds_max(void);
/*
 * Keys are found by a later program, too: none is ever given another meaning.
 *
 * Under which key the connection to the front-end is stored: without it there is none.
 */
uint32_t session_layout_connection_key(void);
/* Under which key the request of a line is stored. */
uint32_t session_layout_line_key(unsigned line);

/* The parts of a session. */
struct worker_state *session_layout_state(void *session);
struct line_state *session_layout_lines(void *session);
void *session_layout_chips(void *session, const struct guest *guest);

/* The chips of a guest, as aggregate_attach() wants them: guest->n_chips. Returns how many. */
unsigned session_layout_members(const struct guest *guest, struct aggregate_member *members);
