/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The message handlers, one small function a message. Payload length and number of fds were checked against the table;
 * what the payload says was not. A handler returns NULL, or in words why it refuses; then it changed nothing (but
 * for SET_MEM_TABLE: there is no old table to go back to).
 */
#pragma once

#include <string.h>

#include "vhost/device/device.h"
#include "vhost/message/message_table.h"

struct message {
	const struct vhost_user_header *header;
	const void *payload;
	struct message_fds *fds; /* what a handler wants to own it takes with fd_steal() */
	bool replayed; /* an earlier process died while it did what the message says: some of it may be done */
	bool acked;    /* its sender hears of a refusal; without that the connection ends with one */
};

/* The payload of a reply of its own; size 0 is the protocol's word for "no". */
struct reply {
	uint32_t size;
	int fd; /* owned; -1: none */
	uint8_t payload[SESSION_RX_PAYLOAD_MAX] __attribute__((aligned(8)));
};

static inline void reply_set(struct reply *reply, const void *payload, uint32_t size)
{
	memcpy(reply->payload, payload, size);
	reply->size = size;
}

static inline void reply_u64(struct reply *reply, uint64_t value)
{
	reply_set(reply, &value, sizeof(value));
}

typedef const char *message_handler(struct vhost_device *device, const struct message *message, struct reply *reply);

#define DECLARE(name, handler, ...) message_handler handle_##handler;
MESSAGES(DECLARE)
#undef DECLARE
