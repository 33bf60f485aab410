/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the supervisor says of wires, message by message, until all is said (ipc/wire_channel.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ipc/wire_channel.h"

struct wire_intake_peer {
	int memory, bell, ring; /* owned; -1: none came */
};

struct wire_intake {
	struct wire_intake_peer peers[WIRE_PEERS_MAX + 1]; /* of the first, ourselves, memory only */
	unsigned n_peers;				   /* 0: nothing has come */
	int table;					   /* owned */
	unsigned n_rows;
};

/* Closes what is there. */
void wire_intake_clear(struct wire_intake *intake);
/* Takes a message; fd becomes the intake's; -1: it came without. True: all is said, intake->n_peers 0 being no wires. */
bool wire_intake_take(struct wire_intake *intake, uint32_t key, int fd);
/* Whether nothing is missing in what was said. */
bool wire_intake_is_whole(const struct wire_intake *intake);
