/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What one guest's worker is told of its wires: peers, and the rows of ipc/wire_channel.h. */
#pragma once

#include "ipc/wire_channel.h"
#include "wires/wire_nets.h"

struct wire_table {
	uint32_t peers[WIRE_PEERS_MAX + 1]; /* guests, by number; the first is the guest itself */
	unsigned n_peers;
	struct wire_row *rows; /* owned */
	unsigned n_rows, capacity;
};

/* Of this guest: without rows when none of its lines has a wire. -E2BIG: too many peers, with why; -ENOMEM, with why. */
int wire_table_make(struct wire_table *table, const struct wire_nets *nets, const struct wire_guests *guests,
		    uint32_t guest, struct why *why);
void wire_table_deinit(struct wire_table *table);
/* Another one for another table. */
uint64_t wire_table_hash(const struct wire_table *table, const struct wire_guests *guests);
