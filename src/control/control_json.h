/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the control process says, as JSON objects. The words are those of docs/control-protocol.md. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "control/worker_client.h"

struct control_connection;

/* GUEST.NAME, or GUEST.OFFSET where that would be another line, or none; longer than any two names. */
#define CONTROL_WORD_MAX 96
void control_json_word(const struct worker_client *guest, uint32_t line, char word[CONTROL_WORD_MAX]);

/* A new object that tells all about a line; NULL when memory is short. */
json_t *control_json_line(const struct worker_client *guest, const struct control_channel_reply *reply);
/* The same as an event of a monitor. */
json_t *control_json_event(const char *event, const struct worker_client *guest,
			   const struct control_channel_reply *reply, enum control_edge edge);

/* That of a guest, and that changes of its lines were not told. */
json_t *control_json_guest_event(const struct worker_client *guest, uint64_t time_ns);
json_t *control_json_lost(const struct worker_client *guest, uint64_t count);

/* {"ok": false, "error": ...}; the text may repeat what a client sent. */
json_t *control_json_refusal(const char *why);
/* Writes the object, which is given up; one of NULL ends the connection. stream: see control_connection_stream(). */
void control_json_write(struct control_connection *connection, json_t *object, bool stream);
/* The same for an event, with the next number; or, if it stands for n of which none was told, with that of the last. */
void control_json_tell(struct control_connection *connection, json_t *event, uint64_t n, bool stream);
