/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a client that monitors was not told, because it did not read: how much of each guest, and how things stand. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/worker_client.h"

/* Lines of one client. Who misses more than these is dropped. */
#define MISSED_LINES_MAX 1024

struct control_connection;

struct missed_guest {
	uint64_t n_changes;
	bool changed; /* the guest itself */
};

struct missed_line {
	const struct worker_client *guest;
	struct control_channel_reply reply; /* the last one */
};

struct missed {
	const struct worker_clients *guests; /* the caller's */
	struct missed_guest *of_guests;	     /* owned; NULL: nothing was missed so far */
	struct missed_line *lines;	     /* owned */
	size_t n_lines;
	bool any;
};

/* Idempotent, also of one that is all zeroes. */
void missed_deinit(struct missed *missed);
/* n changes of a guest, or a change of the guest itself (n is 0). False: no memory, here and below. */
bool missed_add(struct missed *missed, const struct worker_client *guest, uint64_t n);
/* A change of a line. */
bool missed_add_line(struct missed *missed, const struct worker_client *guest,
		     const struct control_channel_reply *reply);
/* Writes it: the number of changes, then how the lines are. Nothing is missed any more. */
void missed_tell(struct missed *missed, struct control_connection *connection);
