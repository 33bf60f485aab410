/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A front-end's end of the vhost-user socket: whole messages, or any bytes and file descriptors at all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define MESSAGE_PAYLOAD_MAX 8192

/* What became of a message that has no reply of its own. */
enum outcome {
	OUTCOME_OK,	 /* acknowledged with 0 */
	OUTCOME_REFUSED, /* acknowledged with another value */
	OUTCOME_CLOSED,	 /* the back-end closed the connection */
};

/* How the message functions find out about the outcome. */
enum connection_mode {
	CONNECTION_SYNC,  /* GET_FEATURES after each message: OUTCOME_OK or OUTCOME_CLOSED */
	CONNECTION_ACK,	  /* need_reply on each message: REPLY_ACK is negotiated */
	CONNECTION_ASYNC, /* not at all: OUTCOME_OK */
};

struct connection {
	int fd;
	enum connection_mode mode;
};

struct message {
	struct vu_header header;
	uint8_t payload[MESSAGE_PAYLOAD_MAX];
};

/* Connects, waiting for the socket to appear. */
void connection_open(struct connection *connection, const char *path);
/* Takes over an end of a socket pair. */
void connection_adopt(struct connection *connection, int fd);
/* Idempotent. */
void connection_close(struct connection *connection);

/* Sends all bytes; fds go with the first. False when the back-end has closed the connection. */
bool connection_send_bytes(struct connection *connection, const void *data, size_t len, const int *fds, size_t n_fds);
/* One message in one piece; flags beside the version. */
bool connection_send(struct connection *connection, uint32_t id, uint32_t flags, const void *payload, uint32_t size,
		     const int *fds, size_t n_fds);

/* The next message. False at end of file; a time-out or a piece of a message is a failure. */
bool connection_receive(struct connection *connection, struct message *message);
/* The same for one that may bring an fd, which is the caller's; -1: it did not. */
bool connection_receive_fd(struct connection *connection, struct message *message, int *fd);
/* The reply to id: checks id, flags and size as QEMU does. False at end of file. */
bool connection_receive_reply(struct connection *connection, uint32_t id, void *payload, uint32_t size);
/* The u64 acknowledgement of id. */
enum outcome connection_receive_ack(struct connection *connection, uint32_t id);

/* Whether the back-end closes the connection within that time, without a byte before. */
bool connection_ends(struct connection *connection, int timeout_ms);
/* Whether nothing at all comes within that time. */
bool connection_silent(struct connection *connection, int timeout_ms);
