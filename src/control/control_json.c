/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the control process says, as JSON objects. */
#include "control/control_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/text.h"
#include "base/util.h"
#include "control/client/connection.h"

/* VirtIO 1.3, 5.18.6 "Device Operation": the numbers are the guest's own words. */
static const char *const direction_words[] = { "none", "output", "input" };
static const char *const irq_words[] = { [0] = "none",	    [1] = "edge-rising", [2] = "edge-falling",
					 [3] = "edge-both", [4] = "level-high",	 [8] = "level-low" };
static const char *const edge_words[] = { [CONTROL_EDGE_RISING] = "rising", [CONTROL_EDGE_FALLING] = "falling" };

static const char *word_at(const char *const *words, size_t n, size_t i)
{
	return i < n && words[i] ? words[i] : "unknown";
}

void control_json_word(const struct worker_client *guest, uint32_t line, char word[CONTROL_WORD_MAX])
{
	const char *name = worker_client_line_name(guest, line);

	/* Digits alone are an offset, also where a line is called so. */
	if (*name && !decimal_is(name, strlen(name)))
		snprintf(word, CONTROL_WORD_MAX, "%s.%s", guest->name, name);
	else
		snprintf(word, CONTROL_WORD_MAX, "%s.%u", guest->name, line);
}

static json_t *level_make(int8_t level)
{
	return level < 0 ? json_null() : json_integer(level);
}

json_t *control_json_line(const struct worker_client *guest, const struct control_channel_reply *reply)
{
	char word[CONTROL_WORD_MAX];
	json_t *line;

	control_json_word(guest, reply->line, word);
	line = json_pack("{s:s, s:s, s:i, s:s, s:s, s:o, s:s, s:b, s:b}", "line", word, "guest", guest->name, "offset",
			 (int)reply->line, "name", worker_client_line_name(guest, reply->line), "direction",
			 word_at(direction_words, ARRAY_SIZE(direction_words), reply->direction), "level",
			 level_make(reply->level), "irq", word_at(irq_words, ARRAY_SIZE(irq_words), reply->irq_type),
			 "armed", (int)(reply->armed != 0), "sim", (int)(reply->sim != 0));
	if (reply->conflict)
		json_object_set_new(line, "conflict", json_true());
	return line;
}

json_t *control_json_event(const char *event, const struct worker_client *guest,
			   const struct control_channel_reply *reply, enum control_edge edge)
{
	json_t *about = control_json_line(guest, reply);
	json_t *object = json_pack("{s:s, s:I, s:o}", "event", event, "time_ns", (json_int_t)reply->time_ns, "edge",
				   edge == CONTROL_EDGE_NONE ? json_null() : json_string(edge_words[edge]));

	if (!object || !about || json_object_update(object, about) < 0) {
		json_decref(object);
		object = NULL;
	}
	json_decref(about);
	return object;
}

json_t *control_json_guest_event(const struct worker_client *guest, uint64_t time_ns)
{
	return json_pack("{s:s, s:I, s:s, s:b, s:b}", "event", "guest", "time_ns", (json_int_t)time_ns, "guest",
			 guest->name, "connected", (int)guest->connected, "ready", (int)guest->ready);
}

json_t *control_json_lost(const struct worker_client *guest, uint64_t count)
{
	return json_pack("{s:s, s:s, s:I}", "event", "lost", "guest", guest->name, "count", (json_int_t)count);
}

json_t *control_json_refusal(const char *why)
{
	char text[512];

	snprintf(text, sizeof(text), "%s", why);
	/* A text that was cut off, or a parser's excerpt, need not be UTF-8. */
	text_make_ascii(text);
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

void control_json_tell(struct control_connection *connection, json_t *event, uint64_t n, bool stream)
{
	connection->seq += n;
	if (event)
		json_object_set_new(event, "seq", json_integer((json_int_t)connection->seq));
	control_json_write(connection, event, stream);
}

void control_json_write(struct control_connection *connection, json_t *object, bool stream)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	if (!text)
		control_connection_drop(connection);
	else if (stream)
		control_connection_stream(connection, text);
	else
		control_connection_write(connection, text);
	free(text);
	json_decref(object);
}
