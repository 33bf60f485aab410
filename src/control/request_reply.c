/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The reply to a request. */
#include "control/request_reply.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/control_json.h"

void request_reply_begin(struct request_reply *reply)
{
	reply->guests = json_array();
	reply->levels = json_object();
}

void request_reply_clear(struct request_reply *reply)
{
	wire_report_deinit(&reply->wires);
	json_decref(reply->guests);
	json_decref(reply->levels);
	reply->guests = reply->levels = NULL;
	line_texts_clear(&reply->lines);
	reply->time_ns = 0;
}

void request_reply_add_guest(struct request_reply *reply, const struct worker_client *guest,
			     const struct control_channel_reply *answer)
{
	json_array_append_new(reply->guests,
			      json_pack("{s:s, s:i, s:b, s:b}", "name", guest->name, "lines", (int)guest->n_lines,
					"connected", (int)answer->connected, "ready", (int)answer->ready));
}

void request_reply_add_lack(struct request_reply *reply, const struct worker_client *guest, const char *why)
{
	json_array_append_new(reply->guests, json_pack("{s:s, s:s}", "name", guest->name, "error", why));
}

void request_reply_add_level(struct request_reply *reply, const char *asked, const struct worker_client *guest,
			     const struct control_channel_reply *answer)
{
	char word[CONTROL_WORD_MAX];

	control_json_word(guest, answer->line, word);
	json_object_set_new(reply->levels, asked ? asked : word,
			    answer->level < 0 ? json_null() : json_integer(answer->level));
}

bool request_reply_add_line(struct request_reply *reply, const struct worker_client *guest,
			    const struct control_channel_reply *answer)
{
	return line_texts_add(&reply->lines, control_json_line(guest, answer));
}

/* Whose reply it is, and what was told before it. */
static json_t *object_mark(const struct control_connection *connection, const struct request *request, json_t *object)
{
	if (object && request->id)
		json_object_set_new(object, "id", json_deep_copy(request->id));
	if (object && connection->streams)
		json_object_set_new(object, "seq", json_integer((json_int_t)connection->seq));
	return object;
}

void request_reply_write_object(struct control_connection *connection, const struct request *request, json_t *object)
{
	control_json_write(connection, object_mark(connection, request, object), false);
}

static json_t *more_make(const struct line_selection *lines)
{
	struct line_ref next = line_selection_present(lines);
	char word[CONTROL_WORD_MAX];

	snprintf(word, sizeof(word), "%s.%u", lines->guests->guests[next.guest].name, next.line);
	return json_string(word);
}

/* object is this function's. */
static void pages_write(const struct request_reply *reply, struct control_connection *connection,
			const struct line_selection *lines, json_t *object)
{
	char *text;

	if (lines->all)
		json_object_set(object, "guests", reply->guests);
	if (!line_selection_over(lines))
		json_object_set_new(object, "more", more_make(lines));
	text = line_texts_join(&reply->lines, object, "lines");
	if (text)
		control_connection_write(connection, text);
	else
		control_connection_drop(connection);
	free(text);
}

void request_reply_write(const struct request_reply *reply, struct control_connection *connection,
			 const struct request *request, const struct line_selection *lines)
{
	json_t *object = json_pack("{s:b}", "ok", 1);

	/* A monitor puts answers and events in order. */
	if (connection->streams)
		json_object_set_new(object, "time_ns", json_integer((json_int_t)reply->time_ns));
	object_mark(connection, request, object);
	if (request->command->style == REQUEST_PAGES) {
		pages_write(reply, connection, lines, object);
		return;
	}
	if (request->command->style == REQUEST_WIRES)
		json_object_set(object, "wires", reply->wires.report);
	if (request->command->style == REQUEST_LEVELS)
		json_object_set(object, "lines", reply->levels);
	control_json_write(connection, object, false);
}
