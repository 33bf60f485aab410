/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What outlives the workers of a guest: its session's memory, the fds that they have stored, and what its lines are owed
 * when it ends. A worker finds all of it, and says over its channel what becomes of it.
 */
#pragma once

#include "base/log.h"
#include "guest/guest.h"
#include "ipc/fd_store.h"
#include "worker/session_memory.h"

struct guest_session {
	const struct guest *guest; /* the caller's */
	struct session_memory memory;
	struct fd_store store;
	unsigned drops;	 /* how often it was dropped */
	bool lines_used; /* a worker has had the lines: they are to take their idle state when the session ends */
};

/* Empty. guest outlives it. */
void guest_session_init(struct guest_session *session, const struct guest *guest);
/* Makes it for the first worker. The guest's lines that were requested ahead become the session's. -errno. */
int guest_session_open(struct guest_session *session);
/* The lines are seen to by then. Idempotent. */
void guest_session_close(struct guest_session *session);

/*
 * Takes some messages off a worker's channel, and answers them. 1; 0: the channel is at its end; -errno: the worker broke
 * the protocol.
 */
int guest_session_receive(struct guest_session *session, int channel);
/*
 * Drops it: all zero again, and lines are all that is stored. What the lines know stays for once, so that those that are
 * to hold can; when the workers go on dying it may be the reason.
 */
void guest_session_clear(struct guest_session *session);
/* Drops it when nothing of it can be read: other memory, as if the workers had died again and again. */
void guest_session_renew(struct guest_session *session);
/* What the last worker should have done with the lines, and may have; nobody takes its word for it. Idempotent. */
void guest_session_idle_lines(struct guest_session *session, struct log_limit *limit);
