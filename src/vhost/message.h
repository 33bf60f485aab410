/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One vhost-user message in, one reply out: framing, and the table of what a message may look like. After
 * message_receive() said that one is there, its payload length and number of fds are those that the table allows.
 * vhost-user.rst, "Message format", "Communication".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost/session.h"
#include "vhost/wire.h"

#define MESSAGE_FDS_MAX VHOST_USER_MEM_TABLE_MAX

enum message_reply_kind {
	MESSAGE_REPLY_ACK,     /* none of its own: u64 when REPLY_ACK is negotiated and it is asked for */
	MESSAGE_REPLY_PAYLOAD, /* always, its own */
};

struct message_spec {
	enum vhost_user_request id;
	const char *name;
	uint32_t min, max; /* payload bytes */
	uint8_t fds_min, fds_max;
	enum message_reply_kind reply;
	uint64_t needs; /* protocol feature bits */
};

/* NULL: no message that a device like this knows. */
const struct message_spec *message_spec_find(uint32_t id);

/* fds that came with the message being received: owned, until a handler takes one out (fd_steal). */
struct message_fds {
	int fd[MESSAGE_FDS_MAX];
	size_t n;
};

void message_fds_close(struct message_fds *fds);

/*
 * Reads what there is of one message. 1: it is complete (rx->header, rx->payload, fds); 0: more is to come; -errno: the
 * connection is to be closed, *why says it in words.
 */
int message_receive(int socket, struct session_rx *rx, struct message_fds *fds, const char **why);
/*
 * Whether what an earlier process received in part can be gone on with: not when the message came with fds, they are
 * lost. message_is_complete(): all of it had arrived.
 */
bool message_can_resume(const struct session_rx *rx);
bool message_is_complete(const struct session_rx *rx);
/* Ready for the next message. Header and payload stay where they are until it arrives. */
void message_done(struct session_rx *rx);

/* Sends a reply to the message with this header, and an fd (-1: none), which stays the caller's. 0 or -errno (-EAGAIN: the front-end does not read its replies). */
int message_reply(int socket, const struct vhost_user_header *to, const void *payload, uint32_t size, int fd);
