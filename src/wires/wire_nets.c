/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Nets and gates, and whether they have an end. */
#include "wires/wire_nets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/wire_channel.h"

static int node_compare(const void *a, const void *b)
{
	const struct wire_node *x = a, *y = b;

	if (x->guest != y->guest)
		return x->guest < y->guest ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static bool node_of(const struct wire_guests *guests, const struct wire_end *end, struct wire_node *node)
{
	int number = wire_guest_find(guests, end->guest);

	if (number < 0 || end->line >= guests->guests[number]->n_lines)
		return false;
	*node = (struct wire_node){ .guest = (uint32_t)number, .line = end->line };
	return true;
}

/* Every line that has a wire, once. */
static void nodes_collect(struct wire_nets *nets, const struct wire_list *list, const struct wire_guests *guests)
{
	unsigned n = 0;

	for (unsigned i = 0; i < list->n; i++) {
		const struct wire_end *ends = list->wires[i].ends;

		if (node_of(guests, &ends[0], &nets->nodes[n]) && node_of(guests, &ends[1], &nets->nodes[n + 1]))
			n += 2;
	}
	qsort(nets->nodes, n, sizeof(*nets->nodes), node_compare);
	for (unsigned i = 0; i < n; i++) {
		if (i == 0 || node_compare(&nets->nodes[i], &nets->nodes[nets->n - 1]) != 0)
			nets->nodes[nets->n++] = nets->nodes[i];
	}
	for (unsigned i = 0; i < nets->n; i++)
		nets->nodes[i].net = i;
}

/* -1: the guest is not there. */
static int node_find(const struct wire_nets *nets, const struct wire_guests *guests, const struct wire_end *end)
{
	const struct wire_node *found;
	struct wire_node key;

	if (nets->n == 0 || !node_of(guests, end, &key))
		return -1;
	found = bsearch(&key, nets->nodes, nets->n, sizeof(key), node_compare);
	return found ? (int)(found - nets->nodes) : -1;
}

static void nets_join(struct wire_nets *nets, uint32_t a, uint32_t b)
{
	uint32_t low = a < b ? a : b, high = a < b ? b : a;

	for (unsigned i = 0; i < nets->n && low != high; i++) {
		if (nets->nodes[i].net == high)
			nets->nodes[i].net = low;
	}
}

static void wires_lay(struct wire_nets *nets, const struct wire_list *list, const struct wire_guests *guests)
{
	for (unsigned i = 0; i < list->n; i++) {
		const struct wire *wire = &list->wires[i];
		int a = node_find(nets, guests, &wire->ends[0]), b = node_find(nets, guests, &wire->ends[1]);

		if (a < 0 || b < 0)
			continue;
		if (wire_is_gate(wire))
			nets->gates[nets->n_gates++] =
				(struct wire_gate){ (uint32_t)a, (uint32_t)b, wire->delay_us, wire->invert };
		else
			nets_join(nets, nets->nodes[a].net, nets->nodes[b].net);
	}
}

/* Each net is as deep as the longest way to it: in a circle there is no such way. */
static bool gates_have_an_end(const struct wire_nets *nets, unsigned *depths)
{
	bool deeper = true;

	for (unsigned turn = 0; turn <= nets->n_gates && deeper; turn++) {
		deeper = false;
		for (unsigned i = 0; i < nets->n_gates; i++) {
			const struct wire_gate *gate = &nets->gates[i];
			unsigned *to = &depths[nets->nodes[gate->to].net];
			unsigned from = depths[nets->nodes[gate->from].net];

			if (*to > from)
				continue;
			*to = from + 1;
			deeper = true;
		}
	}
	return !deeper;
}

static int nets_check(const struct wire_nets *nets, unsigned *counts, struct why *why)
{
	for (unsigned i = 0; i < nets->n; i++) {
		if (++counts[nets->nodes[i].net] > WIRE_NET_MAX)
			return why_fail(E2BIG, why, "more than %d lines would be joined", WIRE_NET_MAX);
	}
	memset(counts, 0, nets->n * sizeof(*counts));
	return gates_have_an_end(nets, counts)
		       ? 0
		       : why_fail(ELOOP, why, "inverted or delayed wires would go in a circle, which never settles");
}

int wire_nets_make(struct wire_nets *nets, const struct wire_list *list, const struct wire_guests *guests,
		   struct why *why)
{
	unsigned *counts = calloc(2 * (size_t)list->n + 1, sizeof(*counts));
	int ret;

	*nets = (struct wire_nets){ .nodes = calloc(2 * (size_t)list->n + 2, sizeof(*nets->nodes)),
				    .gates = calloc((size_t)list->n + 1, sizeof(*nets->gates)) };
	if (!counts || !nets->nodes || !nets->gates) {
		free(counts);
		return why_fail(ENOMEM, why, "out of memory");
	}
	nodes_collect(nets, list, guests);
	wires_lay(nets, list, guests);
	ret = nets_check(nets, counts, why);
	free(counts);
	return ret;
}

void wire_nets_deinit(struct wire_nets *nets)
{
	free(nets->nodes);
	free(nets->gates);
	*nets = (struct wire_nets){ .n = 0 };
}
