/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a client monitors, and what it is told unasked: changes of its lines and their guests as they come, or, when too
 * much waits for it, later what it missed.
 */
#pragma once

#include "control/client/connection.h"
#include "control/line_selection.h"
#include "control/missed.h"
#include "control/worker_client.h"

struct monitor {
	struct control_connection *connection; /* the caller's */
	const struct line_selection *lines;    /* sorted, or all; NULL: it monitors none */
	struct line_selection own;	       /* owned; those, when their states have been told */
	struct missed missed;
};

/* guests outlives it, and connection. */
void monitor_init(struct monitor *monitor, struct control_connection *connection, const struct worker_clients *guests);
/* Idempotent. */
void monitor_deinit(struct monitor *monitor);

/* The states of the lines, which stay the caller's, are being told: who was present already is told of its changes. */
void monitor_begin(struct monitor *monitor, const struct line_selection *lines);
/* All are told: the lines become the monitor's. */
void monitor_settle(struct monitor *monitor, struct line_selection *lines);

/* Something has changed: tells it if it monitors that line, or any line of the guest. */
void monitor_tell_line(struct monitor *monitor, const struct worker_client *guest,
		       const struct control_channel_reply *reply, enum control_edge edge);
void monitor_tell_guest(struct monitor *monitor, const struct worker_client *guest);
void monitor_tell_lost(struct monitor *monitor, const struct worker_client *guest, uint32_t n);
/* Before it is told anything else: what it missed. */
void monitor_catch_up(struct monitor *monitor);
