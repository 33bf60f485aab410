/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor's part of wires: which there are, the memory and the bells by which workers reach each other, and telling
 * a worker of them. See ipc/wire_channel.h.
 */
#pragma once

#include "wires/wire_list.h"
#include "wires/wire_nets.h"

/* Of a guest that has wires. */
struct wire_memory {
	char guest[GUEST_NAME_MAX];
	uint32_t n_lines;
	int fd; /* owned; sealed, WIRE_MEMORY_SIZE(n_lines) bytes */
	bool used;
};

/* An eventfd: what one guest rings for another. */
struct wire_bell {
	char from[GUEST_NAME_MAX], to[GUEST_NAME_MAX];
	int fd; /* owned */
	bool used;
};

#define WIRE_BELLS_MAX 4096

struct wire_board {
	struct wire_list list;
	struct wire_nets nets;	      /* of the list and the guests of the last wire_board_settle() */
	struct wire_memory *memories; /* owned */
	unsigned n_memories;
	struct wire_bell *bells; /* owned; ascending since the last settling */
	unsigned n_bells;
};

void wire_board_deinit(struct wire_board *board);
/* Memory and bells, of which nobody is to have any more: all are told that they have no wire. */
void wire_board_close(struct wire_board *board);
/*
 * List or guests changed: makes nets of them, and what memory and bells it takes; what is needed no more is closed. -errno
 * with why: then no line is joined, and nothing is closed: workers have it, and may be told of nothing else.
 */
int wire_board_settle(struct wire_board *board, const struct wire_guests *guests, struct why *why);
/* What a guest's worker was told: one of these, or the hash of it. */
#define WIRES_NEVER   0 /* no worker of it was told of any wire */
#define WIRES_NONE    1 /* that it has none */
#define WIRES_UNKNOWN 2 /* it finds in its session what another was told, or not all of it could be said */
#define WIRES_HASH    4

/*
 * Tells the worker behind channel of the wires of its guest, by number, unless *told says that it was told just that.
 * -errno: not all could be said, to be tried again, *told is WIRES_UNKNOWN; what it was told before goes on meanwhile.
 */
int wire_board_tell(const struct wire_board *board, const struct wire_guests *guests, uint32_t guest, int channel,
		    uint64_t *told);
