/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From nets and gates to the rows of one guest. */
#include "wires/wire_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_SEED  UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

/* A table in the making. */
struct making {
	struct wire_table *table;
	const struct wire_nets *nets;
	const struct wire_guests *guests;
	struct why *why;
};

static int out_of_memory(const struct making *making)
{
	return why_fail(ENOMEM, making->why, "out of memory");
}

/* The peer that this guest is. */
static int peer_of(const struct making *making, uint32_t guest)
{
	struct wire_table *table = making->table;
	unsigned i = 0;

	while (i < table->n_peers && table->peers[i] != guest)
		i++;
	if (i < table->n_peers)
		return (int)i;
	if (i > WIRE_PEERS_MAX)
		return why_fail(E2BIG, making->why, "%s would be wired to more than %d guests",
				making->guests->guests[table->peers[0]]->name, WIRE_PEERS_MAX);
	table->peers[table->n_peers++] = guest;
	return (int)i;
}

/* node: whose line and name the row has. */
static int row_add(const struct making *making, struct wire_row row, const struct wire_node *node)
{
	struct wire_table *table = making->table;
	const struct guest *guest = making->guests->guests[node->guest];
	struct wire_end end = { .line = node->line };
	int peer = peer_of(making, node->guest);

	if (peer < 0)
		return peer;
	if (table->n_rows == table->capacity) {
		unsigned capacity = table->capacity ? 2 * table->capacity : 16;
		struct wire_row *rows = realloc(table->rows, capacity * sizeof(*rows));

		if (!rows)
			return out_of_memory(making);
		table->rows = rows;
		table->capacity = capacity;
	}
	row.peer = (uint32_t)peer;
	row.peer_line = node->line;
	memcpy(end.guest, guest->name, sizeof(end.guest));
	memset(row.name, 0, sizeof(row.name));
	wire_end_write(making->guests, &end, row.name, sizeof(row.name));
	table->rows[table->n_rows++] = row;
	return 0;
}

/* A row for each line of the net, but for except. */
static int net_add(const struct making *making, const struct wire_row *row, uint32_t net,
		   const struct wire_node *except)
{
	const struct wire_nets *nets = making->nets;
	int ret = 0;

	for (unsigned i = 0; i < nets->n && ret == 0; i++) {
		if (nets->nodes[i].net == net && &nets->nodes[i] != except)
			ret = row_add(making, *row, &nets->nodes[i]);
	}
	return ret;
}

static int gates_add(const struct making *making, const struct wire_node *node)
{
	const struct wire_nets *nets = making->nets;
	uint32_t n = 0;
	int ret = 0;

	for (unsigned i = 0; i < nets->n_gates && ret == 0; i++) {
		const struct wire_gate *gate = &nets->gates[i];
		const struct wire_row row = { .line = node->line,
					      .kind = WIRE_ROW_GATE,
					      .gate = n,
					      .delay_us = gate->delay_us,
					      .invert = gate->invert };

		if (&nets->nodes[gate->to] != node)
			continue;
		ret = net_add(making, &row, nets->nodes[gate->from].net, NULL);
		n++;
	}
	return ret;
}

/* Who reads what this line brings: those in its net, and those that a gate takes it to. Each once. */
static int listeners_add(const struct making *making, const struct wire_node *node)
{
	const struct wire_nets *nets = making->nets;
	const struct wire_row row = { .line = node->line, .kind = WIRE_ROW_LISTENER };
	bool *listens = calloc(making->guests->n + 1, sizeof(*listens));
	int ret = 0;

	if (!listens)
		return out_of_memory(making);
	for (unsigned i = 0; i < nets->n; i++) {
		if (nets->nodes[i].net == node->net && &nets->nodes[i] != node)
			listens[nets->nodes[i].guest] = true;
	}
	for (unsigned i = 0; i < nets->n_gates; i++) {
		if (nets->nodes[nets->gates[i].from].net == node->net)
			listens[nets->nodes[nets->gates[i].to].guest] = true;
	}
	for (size_t i = 0; i < making->guests->n && ret == 0; i++) {
		const struct wire_node peer = { .guest = (uint32_t)i };

		if (listens[i])
			ret = row_add(making, row, &peer);
	}
	free(listens);
	return ret;
}

static int node_add(const struct making *making, const struct wire_node *node)
{
	const struct wire_row row = { .line = node->line,
				      .kind = WIRE_ROW_LINE,
				      .first = node == &making->nets->nodes[node->net] };
	const struct wire_row member = { .line = node->line, .kind = WIRE_ROW_MEMBER };
	int ret = row_add(making, row, node);

	if (ret == 0)
		ret = net_add(making, &member, node->net, node);
	if (ret == 0)
		ret = gates_add(making, node);
	return ret == 0 ? listeners_add(making, node) : ret;
}

int wire_table_make(struct wire_table *table, const struct wire_nets *nets, const struct wire_guests *guests,
		    uint32_t guest, struct why *why)
{
	const struct making making = { table, nets, guests, why };
	int ret = 0;

	*table = (struct wire_table){ .peers = { guest }, .n_peers = 1 };
	for (unsigned i = 0; i < nets->n && ret == 0; i++) {
		if (nets->nodes[i].guest == guest)
			ret = node_add(&making, &nets->nodes[i]);
	}
	if (ret == 0 && table->n_rows > WIRE_ROWS_MAX)
		ret = why_fail(E2BIG, why, "too many wires");
	if (ret < 0)
		wire_table_deinit(table);
	return ret;
}

void wire_table_deinit(struct wire_table *table)
{
	free(table->rows);
	table->rows = NULL;
	table->n_rows = table->capacity = 0;
}

static uint64_t hash_add(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * HASH_PRIME;
	return hash;
}

/* Of a guest with another number of lines the memory is another one. */
uint64_t wire_table_hash(const struct wire_table *table, const struct wire_guests *guests)
{
	uint64_t hash = hash_add(HASH_SEED, table->rows, table->n_rows * sizeof(*table->rows));

	for (unsigned i = 0; i < table->n_peers; i++) {
		const struct guest *guest = guests->guests[table->peers[i]];

		hash = hash_add(hash, &guest->n_lines, sizeof(guest->n_lines));
	}
	return hash;
}
