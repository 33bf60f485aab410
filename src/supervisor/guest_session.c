/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The session of a guest, in the supervisor. */
#include "supervisor/guest_session.h"

#include <errno.h>
#include <string.h>

#include "broker/idle_lines.h"
#include "broker/line_broker.h"
#include "worker/session_layout.h"

/*
 * Messages of a worker that one turn of the loop takes: other guests have their turn too. A request is the last of its
 * turn: a chip may be slow, and a worker makes no other before it has the reply.
 */
#define MESSAGES_PER_TURN 64

void guest_session_init(struct guest_session *session, const struct guest *guest)
{
	*session = (struct guest_session){ .guest = guest, .memory = SESSION_MEMORY_NONE };
	fd_store_init(&session->store, session_layout_fds_max(), guest->n_lines);
}

/* Lines that were requested ahead go to the first worker as if one before it had stored them. */
static int reserved_store(struct guest_session *session)
{
	const struct guest *guest = session->guest;
	int ret = 0;

	for (unsigned i = 0; guest->reserved && i < guest->n_lines && ret == 0; i++) {
		if (guest->reserved[i] < 0)
			continue;
		ret = fd_store_put(&session->store, session_layout_line_key(i), guest->reserved[i]);
		if (ret == 0)
			guest->reserved[i] = -1;
	}
	return ret;
}

int guest_session_open(struct guest_session *session)
{
	int ret = reserved_store(session);

	return ret < 0 ? ret : session_memory_make(&session->memory, session->guest);
}

void guest_session_close(struct guest_session *session)
{
	fd_store_close(&session->store);
	session_memory_close(&session->memory);
}

/* The worker cannot move it: then the session ends with this worker. */
static int memory_moved(struct guest_session *session, const struct supervisor_channel_request *request, int channel)
{
	struct supervisor_channel_reply reply = { .type = SUPERVISOR_CHANNEL_REPLY };

	if (request->line == 0)
		session->memory.foreign = session->memory.next_fd >= 0;
	if (request->line == 0 || !session_memory_moved(&session->memory))
		reply.error = -ESTALE;
	return line_broker_send(channel, &reply, -1);
}

int guest_session_receive(struct guest_session *session, int channel)
{
	struct supervisor_channel_request request;
	int ret = FD_STORE_DONE;

	for (unsigned i = 0; i < MESSAGES_PER_TURN && ret == FD_STORE_DONE; i++)
		ret = fd_store_receive(&session->store, channel, &request);
	if (ret == FD_STORE_REQUEST) {
		ret = request.type == SUPERVISOR_CHANNEL_MOVED
			      ? memory_moved(session, &request, channel)
			      : line_broker_reply(session->guest, &session->store, &request, channel);
		if (ret == 0)
			return 1;
	}
	return ret == -EAGAIN ? 1 : ret;
}

/* The seals let nobody change its size. */
void guest_session_clear(struct guest_session *session)
{
	int ret = session_memory_clear(&session->memory, session->drops > 0, session->guest);

	session->drops++;
	if (ret < 0)
		log_error(session->guest->name, "cannot clear the session: %s", strerror(-ret));
	fd_store_clear_session(&session->store);
}

void guest_session_renew(struct guest_session *session)
{
	session->drops++;
	fd_store_clear_session(&session->store);
	session_memory_make(&session->memory, session->guest); /* or at the start */
}

void guest_session_idle_lines(struct guest_session *session, struct log_limit *limit)
{
	if (session->lines_used)
		idle_lines_enter(session->guest, &session->store, limit);
	session->lines_used = false;
}
