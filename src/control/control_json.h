/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the control process says, as JSON objects. The words are those of docs/control-protocol.md. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "control/worker_client.h"

struct control_client;

/* GUEST.NAME, or GUEST.OFFSET for a line without a name. */
#define CONTROL_WORD_MAX (64 + CHIP_NAME_MAX)
void control_word(const struct control_guest *guest, uint32_t line, char word[CONTROL_WORD_MAX]);

/* A new object that tells all about a line; NULL when memory is short. */
json_t *control_json_line(const struct control_guest *guest, const struct port_reply *reply);
/* The same as an event of a monitor. */
json_t *control_json_event(const char *event, const struct control_guest *guest, const struct port_reply *reply,
			   enum control_edge edge);

/* {"ok": false, "error": ...}; the text may repeat what a client sent. */
void control_json_refuse(struct control_client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Writes the object, which is given up; one of NULL ends the client. stream: see control_client_stream(). */
void control_json_write(struct control_client *client, json_t *object, bool stream);
