/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The reply to "wires": each wire, with what is known of its two ends. */
#pragma once

#include <jansson.h>

#include "control/line_selection.h"
#include "control/wires/wire_client.h"

struct wire_report {
	struct control_channel_wire *wires; /* owned; as they were when the report began */
	size_t n;
	bool *silent;	/* owned; by guest: it does not answer, and is asked no more */
	json_t *report; /* owned */
	json_t *wire;	/* owned; that of which the first end is known */
	bool conflict;	/* of it */
	uint16_t conflicts;
};

/* To lines: both ends of each wire, one after the other. 0 or -ENOMEM; to be deinitialised in any case. */
int wire_report_begin(struct wire_report *report, const struct wire_client *client, const struct worker_clients *guests,
		      struct line_selection *lines);
void wire_report_deinit(struct wire_report *report);
/* The present line of lines is known. reply: NULL: its guest does not answer, and no other line of it is asked for. */
void wire_report_line(struct wire_report *report, struct line_selection *lines,
		      const struct control_channel_reply *reply);
