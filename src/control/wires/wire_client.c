/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The list of wires, kept up to date by the answers to what was asked here: nobody else changes it meanwhile. */
#include "control/wires/wire_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int wire_client_init(struct wire_client *client, int fd, const struct control_channel_wire *wires, size_t n)
{
	*client = (struct wire_client){ .fd = fd, .wires = calloc(n + 1, sizeof(*wires)) };
	if (!client->wires)
		return -ENOMEM;
	if (n > 0)
		memcpy(client->wires, wires, n * sizeof(*wires));
	client->n = n;
	return 0;
}

static void query_end(struct wire_query *query)
{
	struct wire_query **link = &query->client->queries;

	while (*link != query)
		link = &(*link)->next;
	*link = query->next;
	query->client = NULL;
}

/* What it asked for is known no more: its answer changes the list by nothing. So that it does, somebody goes on waiting. */
static void orphan_answered(struct wire_query *query, const struct control_channel_wired *reply)
{
	free(query);
}

void wire_query_cancel(struct wire_query *query)
{
	struct wire_query **link, *orphan;

	if (!query->client)
		return;
	orphan = malloc(sizeof(*orphan));
	if (!orphan) {
		query_end(query);
		return;
	}
	for (link = &query->client->queries; *link != query; link = &(*link)->next)
		;
	*orphan = *query;
	orphan->answered = orphan_answered;
	*link = orphan;
	query->client = NULL;
}

void wire_client_deinit(struct wire_client *client)
{
	while (client->queries) {
		struct wire_query *query = client->queries;

		client->queries = query->next;
		query->client = NULL;
		if (query->answered == orphan_answered)
			free(query);
	}
	free(client->wires);
	*client = (struct wire_client){ .fd = -1 };
}

bool wire_client_ask(struct wire_client *client, struct wire_query *query, const struct control_channel_wire *request)
{
	wire_query_cancel(query);
	query->request = *request;
	query->request.id = ++client->last_id ? client->last_id : ++client->last_id;
	if (send(client->fd, &query->request, sizeof(query->request), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return false;
	query->client = client;
	query->next = client->queries;
	client->queries = query;
	return true;
}

static void list_add(struct wire_client *client, const struct control_channel_wire *wire)
{
	struct control_channel_wire *wires = realloc(client->wires, (client->n + 1) * sizeof(*wires));

	if (!wires)
		return;
	client->wires = wires;
	wires[client->n++] = *wire;
}

static bool ends_same(const struct control_channel_wire *a, const struct control_channel_wire *b, unsigned turn)
{
	return a->guests[0] == b->guests[turn] && a->lines[0] == b->lines[turn] && a->guests[1] == b->guests[!turn] &&
	       a->lines[1] == b->lines[!turn];
}

static void list_remove(struct wire_client *client, const struct control_channel_wire *wire)
{
	size_t n = 0;

	for (size_t i = 0; i < client->n; i++) {
		if (!ends_same(&client->wires[i], wire, 0) && !ends_same(&client->wires[i], wire, 1))
			client->wires[n++] = client->wires[i];
	}
	client->n = n;
}

void wire_client_take(struct wire_client *client, const struct control_channel_wired *reply)
{
	struct wire_query *query = client->queries;

	while (query && query->request.id != reply->id)
		query = query->next;
	if (!query)
		return;
	query_end(query);
	if (reply->error == 0 && query->request.unwire)
		list_remove(client, &query->request);
	else if (reply->error == 0)
		list_add(client, &query->request);
	query->answered(query, reply);
}
