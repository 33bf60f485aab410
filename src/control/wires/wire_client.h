/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Wires, as the control process knows them: which there are, and asking the supervisor for others, over the feed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ipc/control_channel.h"

/* A question, in its asker's memory. Zero-initialised: none is under way. */
struct wire_query {
	struct wire_client *client; /* NULL: none is under way */
	struct wire_query *next;
	struct control_channel_wire request;
	/* From the loop, once; the query is free for the next one. */
	void (*answered)(struct wire_query *query, const struct control_channel_wired *reply);
};

struct wire_client {
	int fd;				    /* of the feed, the caller's */
	struct control_channel_wire *wires; /* owned */
	size_t n;
	uint32_t last_id;
	struct wire_query *queries; /* under way */
};

/* With these wires, which are copied. -ENOMEM. */
int wire_client_init(struct wire_client *client, int fd, const struct control_channel_wire *wires, size_t n);
void wire_client_deinit(struct wire_client *client);
/* Of *request all but its id. False: it could not be sent, and nothing is under way. */
bool wire_client_ask(struct wire_client *client, struct wire_query *query, const struct control_channel_wire *request);
/* Nobody waits for the answer any more; what was done is noted all the same. Idempotent. */
void wire_query_cancel(struct wire_query *query);
/* A reply came. */
void wire_client_take(struct wire_client *client, const struct control_channel_wired *reply);
