/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The wires of this guest's lines: which other lines each of them meets, and what comes over its gates. It is made of a
 * table and of the memory of all guests concerned (ipc/wire_channel.h), and knows of no loop and no clock.
 *
 * A peer's memory is its worker's, who may write anything there at any time: each word is read once, and means what its
 * bits say, which is never more than a level of lines that are wired to ours.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "ipc/wire_channel.h"

struct chip;

/* Changes that a delayed gate holds at a time. Shorter ones than that do not come through. */
#define WIRE_HELD_MAX 64
#define WIRING_NEVER  UINT64_MAX

/* A line that is read. */
struct wiring_source {
	const uint32_t *word; /* in memory of its guest */
	uint32_t now, seen;   /* as read now, and when it was last looked at */
	const char *name;
};

struct wiring_gate {
	unsigned first, end; /* of the sources: the net that it takes its level from */
	bool invert;
	bool in, out;
	bool kept; /* what it holds is known */
	uint64_t delay_ns;
	unsigned n_held, at_held; /* a ring */
	struct {
		uint64_t due_ns;
		bool level;
	} held[]; /* WIRE_HELD_MAX when it is delayed, else none */
};

struct wiring_line {
	uint32_t line;
	const char *name;
	bool first;	     /* conflicts of its net are logged here */
	bool kept;	     /* what its sources have shown is known */
	bool fresh;	     /* it had no wire before */
	bool conflict;	     /* there is one */
	unsigned begin, end; /* of the sources: the others of its net */
	unsigned all_end;    /* and those of its gates */
	unsigned gates, gates_end;
	uint64_t reads, tells; /* peers, by bits */
	uint32_t *word;	       /* in our own memory, */
	uint32_t *sum;	       /* and there: of the changes that were seen; 0: it has no wire */
	uint32_t brings;       /* what we wrote there */
};

struct wiring_memory {
	uint32_t *words; /* mapped; our own ones for writing */
	uint64_t size;
};

struct wiring {
	struct chip *chip;
	const char *tag;
	struct log_limit *limit;
	struct wiring_memory memories[WIRE_PEERS_MAX + 1];
	unsigned n_peers;
	struct wire_row *rows; /* mapped */
	unsigned n_rows;
	struct wiring_line *lines; /* owned, ascending */
	unsigned n_lines;
	struct wiring_source *sources; /* owned */
	unsigned n_sources;
	struct wiring_gate **gates; /* owned, and each */
	unsigned n_gates;
	uint64_t told; /* peers, by bits: those for whom something changed since this was last 0 */
};

/*
 * Of wires that are about to begin in place of others: what those lack to have seen they see now, and what is on its way
 * through delayed ones goes on.
 */
void wiring_keep(struct wiring *wiring, struct wiring *before, uint64_t now_ns);
/* The lines bring what they bring; what a predecessor had seen is known, what came since is looked at. All are told. */
void wiring_begin(struct wiring *wiring, uint64_t now_ns);
/* Looks at the lines that read what these peers bring. */
void wiring_look(struct wiring *wiring, uint64_t peers, uint64_t now_ns);
/* What the chip's line brings changed. */
void wiring_drives(struct wiring *wiring, uint32_t line);
/* When wiring_settle() has something to do; WIRING_NEVER. */
uint64_t wiring_due_ns(const struct wiring *wiring);
void wiring_settle(struct wiring *wiring, uint64_t now_ns);
bool wiring_has(const struct wiring *wiring, uint32_t line);
