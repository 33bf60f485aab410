/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The handlers' table, gating by protocol features, and REPLY_ACK. */
#include "vhost/protocol/dispatch.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "base/fd.h"
#include "base/util.h"
#include "vhost/protocol/handle.h"

#define HANDLER(name, handler, ...) [VHOST_USER_##name] = handle_##handler,

static message_handler *const handlers[] = { MESSAGES(HANDLER) };

static const char *execute(struct vhost_device *device, const struct message_spec *spec, const struct message *message,
			   struct reply *reply)
{
	if ((spec->needs & device->session->protocol_features) != spec->needs)
		return "protocol feature not negotiated";
	return handlers[spec->id](device, message, reply);
}

static bool ack_wanted(const struct session *session)
{
	return session->rx.header.flags & VHOST_USER_NEED_REPLY &&
	       session->protocol_features & (1ull << VHOST_USER_PROTOCOL_F_REPLY_ACK);
}

/*
 * A refusal is told in the ack when there is one. When there is none the front-end would go on believing in something
 * that is not so: then the connection ends.
 */
static int note_ack(struct vhost_device *device, bool refused)
{
	struct session_rx *rx = &device->session->rx;
	const struct vhost_user_u64 ack = { refused };
	bool wanted = ack_wanted(device->session);

	if (refused && !wanted)
		return -EPROTO;
	message_executed(rx, &device->session->tx, wanted ? &ack : NULL, sizeof(ack), false);
	return 0;
}

/* Executes the message, and notes that and its reply. -errno: the connection is to be closed. */
static int execute_noted(struct vhost_device *device, const struct message_spec *spec, int *reply_fd, const char **why)
{
	struct session_rx *rx = &device->session->rx;
	const struct message message = { &rx->header, rx->payload, &device->rx_fds, rx->replayed,
					 ack_wanted(device->session) };
	struct reply reply = { .fd = -1 };
	int r = 0;

	log_debug(device->tag, "%s", spec->name);
	fault_point(FAULT_MESSAGE_RECEIVED);
	if (spec->id == VHOST_USER_SET_LOG_FD)
		fault_point(FAULT_POISON_MESSAGE);
	*why = execute(device, spec, &message, &reply);
	fault_point(FAULT_MESSAGE_EXECUTED);
	if (*why)
		log_limited(&device->log_limit, LOG_LEVEL_WARNING, device->tag, "%s refused: %s", spec->name, *why);
	if (spec->reply == MESSAGE_REPLY_ACK)
		r = note_ack(device, *why);
	else if (*why)
		r = -EPROTO;
	else
		message_executed(rx, &device->session->tx, reply.payload, reply.size, reply.fd >= 0);
	*reply_fd = reply.fd;
	return r;
}

/* How many processes may die with the same message in their hands. */
#define ATTEMPTS_MAX 3

int dispatch_message(struct vhost_device *device, const char **why)
{
	struct session *session = device->session;
	const struct message_spec *spec = message_spec_find(session->rx.header.request);
	int fd = -1, r = 0;

	*why = NULL;
	if (session->rx.executed && message_reply_needs_fd(&session->tx))
		session->rx.executed = 0;
	if (!session->rx.executed) {
		if (session->rx.attempts >= ATTEMPTS_MAX) {
			*why = "crashed the worker 3 times in a row";
			return -EIO;
		}
		session->rx.attempts++;
		r = execute_noted(device, spec, &fd, why);
	}
	if (r == 0) {
		fault_point(FAULT_REPLY_READY);
		r = message_reply(device->fd, &session->tx, fd);
		if (r < 0 && !*why)
			*why = r == -EAGAIN ? "front-end does not read its replies" : strerror(-r);
		fault_point(FAULT_MESSAGE_ANSWERED);
		message_done(&session->rx, &device->rx_fds, &device->fd_store);
		session->progress++;
	}
	fd_close(&fd);
	return r;
}
