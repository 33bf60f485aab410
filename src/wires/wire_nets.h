/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What wires make of lines: nets, and gates from one net to another.
 *
 * Gates in a circle are refused: through a latch of wires nothing could ever be changed again, and an odd number of
 * inverters would swing as fast as the machine can. So, whatever the lines do, a level that travels comes to its end.
 */
#pragma once

#include "wires/wire.h"

struct wire_node {
	uint32_t guest; /* by number */
	uint32_t line;
	uint32_t net; /* of all lines of a net the first node, by number */
};

struct wire_gate {
	uint32_t from, to; /* nodes, by number */
	uint32_t delay_us;
	bool invert;
};

struct wire_nets {
	struct wire_node *nodes; /* owned; ascending: every line that has a wire */
	unsigned n;
	struct wire_gate *gates; /* owned */
	unsigned n_gates;
};

/* Wires of guests that are not there are left out. -errno with why; nets is to be deinitialised all the same. */
int wire_nets_make(struct wire_nets *nets, const struct wire_list *list, const struct wire_guests *guests,
		   struct why *why);
void wire_nets_deinit(struct wire_nets *nets);
