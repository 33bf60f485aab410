/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One vhost-user message in, one reply out: framing, and the table of what a message may look like. After
 * message_receive() said that one is there, its payload length and number of fds are those that the table allows.
 * vhost-user.rst, "Message format", "Communication".
 *
 * A process may be killed at any instant: its successor loses no byte and no fd of a message, and sends no reply twice.
 * The states, as the session has them (struct session_rx, session_tx), and what a successor does that finds them:
 *
 *   idle      have 0                               drops what is stored of fds, waits for a message
 *     | fds_peek(): MSG_PEEK, fds into the store
 *   looked at n_fds stored; all in the socket yet  the same
 *     | the kernel puts bytes into the session and notes how many, in one call (base/scm.h)
 *   taken     taken notes n > 0                    settles
 *     | settle(): have_next = have + n, settling; have = have_next; nothing noted, not settling
 *   in part   0 < have < header + payload          takes the rest: taken, in part, and so on
 *   complete  have == header + payload             executes it, replayed; not more than a few processes die of it
 *     | dispatch_message(), message_executed(): the reply into the session
 *   executed  executed                             sends the reply, makes it once more if it needs a new fd
 *     | message_reply(): the kernel sends it and notes that
 *   answered  sent notes n > 0                     goes on to the end
 *     | message_done(): have = 0, then the rest
 *   idle
 *
 * What a successor cannot tell is how far the execution itself was: so handlers may be replayed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost/state/session.h"
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
int message_receive(int socket, struct session_rx *rx, struct message_fds *fds, const struct vhost_fd_store *fd_store,
		    const char **why);
/*
 * Restores what an earlier process had of a message; blameless: that one did not die of it. -errno: it is invalid, or its
 * fds are not there.
 */
int message_restore(struct session_rx *rx, struct message_fds *fds, const struct vhost_fd_store *fd_store,
		    bool blameless);
/* Whether all of it has arrived. */
bool message_is_complete(const struct session_rx *rx);
/* Ready for the next message: closes the fds that nobody took. Header and payload stay until it arrives. */
void message_done(struct session_rx *rx, struct message_fds *fds, const struct vhost_fd_store *fd_store);

/* Notes that the message is executed, and its reply: payload NULL: none. */
void message_executed(struct session_rx *rx, struct session_tx *tx, const void *payload, uint32_t size, bool has_fd);
/*
 * Sends the reply, unless there is none or it is sent; the fd (-1: none) stays the caller's. 0 or -errno (-EAGAIN: the
 * front-end does not read its replies).
 */
int message_reply(int socket, struct session_tx *tx, int fd);
/* Whether a reply is to be sent that another process cannot send. */
bool message_reply_needs_fd(const struct session_tx *tx);
