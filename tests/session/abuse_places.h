/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a front-end can send with an fd of its choice: one message a place that the fd may end up in. */
#pragma once

#include "session.h"

struct abuse_place {
	const char *name;
	uint32_t id;
	const void *payload;
	uint32_t size;
};

/* Those for notifications come first. */
enum {
	ABUSE_KICK,
	ABUSE_CALL,
	ABUSE_ERR,
	ABUSE_LOG_CALL,
	ABUSE_NOTIFICATIONS,
	ABUSE_CHANNEL = ABUSE_NOTIFICATIONS,
	ABUSE_REGION,
	ABUSE_TABLE,
	ABUSE_INFLIGHT,
	ABUSE_LOG,
	ABUSE_LOAD,
	ABUSE_SAVE,
	ABUSE_NO_PLACE,
	ABUSE_NO_MESSAGE,
	ABUSE_PLACES
};

extern const struct abuse_place abuse_places[ABUSE_PLACES];
extern const struct vu_mem_reg abuse_region; /* of ABUSE_REGION */

/* Sends it there, and waits for no answer. */
void abuse_send_to(struct session *session, const struct abuse_place *place, int fd);
