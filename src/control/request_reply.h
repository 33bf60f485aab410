/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The reply to a request in the making, and how it is written: whose it is, and where among the events it stands. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/client/connection.h"
#include "control/client/request_parse.h"
#include "control/line_selection.h"
#include "control/line_texts.h"
#include "control/wire_report.h"

struct request_reply {
	uint64_t time_ns; /* of the first answer; 0: there was none */
	json_t *guests;	  /* owned */
	json_t *levels;	  /* owned */
	struct line_texts lines;
	struct wire_report wires;
};

/* From zero. What there is no memory for is left out. */
void request_reply_begin(struct request_reply *reply);
/* Nothing of it stays. */
void request_reply_clear(struct request_reply *reply);

void request_reply_add_guest(struct request_reply *reply, const struct worker_client *guest,
			     const struct control_channel_reply *answer);
/* One of which nothing is known, and why. */
void request_reply_add_lack(struct request_reply *reply, const struct worker_client *guest, const char *why);
/* Under the word that asked for it; NULL, of a word for several lines: under that for the line. */
void request_reply_add_level(struct request_reply *reply, const char *asked, const struct worker_client *guest,
			     const struct control_channel_reply *answer);
/* False: no memory. */
bool request_reply_add_line(struct request_reply *reply, const struct worker_client *guest,
			    const struct control_channel_reply *answer);

/* The whole reply; lines: those that were asked for, of which there may be more. */
void request_reply_write(const struct request_reply *reply, struct control_connection *connection,
			 const struct request *request, const struct line_selection *lines);
/* Another one, which becomes this function's. */
void request_reply_write_object(struct control_connection *connection, const struct request *request, json_t *object);
