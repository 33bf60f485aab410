/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Wires between simulated lines, as a worker is told of them: over the supervisor channel, as messages of type
 * SUPERVISOR_CHANNEL_WIRE with one fd each. Their order is that of enum wire_message; with WIRE_TABLE all is said, and
 * takes the place of what was said before.
 *
 * Each guest that has wires has memory of its own for what its lines bring to them, a word a line. Its worker writes it;
 * the workers at the other ends (peers) have it for reading only, and ring a bell of the reader's after a change. So nobody
 * is in between, and what a worker in a guest's hand can do to others is what its own lines can. The supervisor keeps
 * memory and bells: a successor finds both, and what was rung for meanwhile.
 */
#pragma once

#include <stdint.h>

#include "chip/chip_types.h"

enum wire_message {
	WIRE_MEMORY = 1, /* our own, to be written; number: how many peers there are; begins anew */
	WIRE_PEER = 2,	 /* the memory of peer number, for reading; 0 is ourselves, and is not said */
	WIRE_BELL = 3,	 /* an eventfd: what peer number rings for us */
	WIRE_RING = 4,	 /* an eventfd: what we ring for peer number */
	WIRE_TABLE = 5,	 /* struct wire_row; number: how many there are */
	WIRE_NONE = 6,	 /* there are none, and no fd */
};

/* The key of a message. */
#define WIRE_KEY(message, number) ((uint32_t)(message) << 24 | (uint32_t)(number))
#define WIRE_KEY_MESSAGE(key)	  ((key) >> 24)
#define WIRE_KEY_NUMBER(key)	  ((key)&0xffffff)

#define WIRE_PEERS_MAX	  63 /* and ourselves: a word has a bit for each */
#define WIRE_NET_MAX	  64 /* lines that are joined without a gate */
#define WIRE_ROWS_MAX	  0xffffff
#define WIRE_DELAY_MAX_US 10000000
#define WIRE_NAME_MAX	  72 /* GUEST.LINE */

/* What a line brings to its wires, as its word says; beside enum chip_drives. */
#define WIRE_GATE_LOW	   0x08 /* its gates bring this */
#define WIRE_GATE_HIGH	   0x10
#define WIRE_WORD_BITS	   0x1f
#define WIRE_WORD_BEFORE   8  /* from this bit on: the same before the last change */
#define WIRE_WORD_COUNT	   16 /* from this bit on: how often it changed */
#define WIRE_WORD_COUNT_IN (1u << WIRE_WORD_COUNT)

/* Memory of a guest: a word for each line, then one that is the guest's own affair. */
#define WIRE_MEMORY_SIZE(n_lines) ((uint64_t)(n_lines)*2 * sizeof(uint32_t))

enum wire_row_kind {
	WIRE_ROW_LINE,	 /* of our line: its name, and whether it is the one of its net that conflicts are logged for */
	WIRE_ROW_MEMBER, /* peer's line is in the net of ours */
	WIRE_ROW_GATE,	 /* peer's line is in a net that a gate takes the level of ours from */
	WIRE_ROW_LISTENER, /* peer is to be told when what our line brings changes */
};

/* By ascending lines, kinds and gates; of each line a WIRE_ROW_LINE first. */
struct wire_row {
	uint32_t line;
	uint32_t kind;
	uint32_t gate; /* WIRE_ROW_GATE: which of the line's */
	uint32_t peer, peer_line;
	uint32_t delay_us;
	uint32_t invert;
	uint32_t first;
	char name[WIRE_NAME_MAX];
};
