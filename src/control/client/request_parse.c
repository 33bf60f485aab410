/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One line of a client to a request: everything that can be wrong without looking at a guest is found here. */
#include "control/client/request_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "ipc/wire_channel.h"

/* A verb: its row here, in ctl/verb.c and in worker/control_server.c, and its number in ipc/control_channel.h. */
static const struct request_command commands[] = {
	{ .name = "info", .type = CONTROL_CHANNEL_INFO, .words = REQUEST_WORDS_OR_ALL, .style = REQUEST_PAGES },
	{ .name = "get", .type = CONTROL_CHANNEL_GET, .words = REQUEST_WORDS_SOME, .style = REQUEST_LEVELS },
	{ .name = "set", .type = CONTROL_CHANNEL_SET, .words = REQUEST_WORDS_VALUES, .style = REQUEST_LEVELS },
	{ .name = "pull",
	  .type = CONTROL_CHANNEL_PULL,
	  .words = REQUEST_WORDS_VALUES,
	  .style = REQUEST_LEVELS,
	  .values = { "pull-down", "pull-up" } },
	{ .name = "toggle",
	  .type = CONTROL_CHANNEL_TOGGLE,
	  .words = REQUEST_WORDS_SOME,
	  .style = REQUEST_LEVELS,
	  .once = true },
	{ .name = "wire", .type = CONTROL_CHANNEL_INFO, .words = REQUEST_WORDS_TWO, .style = REQUEST_WIRE },
	{ .name = "unwire", .type = CONTROL_CHANNEL_INFO, .words = REQUEST_WORDS_TWO, .style = REQUEST_UNWIRE },
	{ .name = "wires", .type = CONTROL_CHANNEL_INFO, .words = REQUEST_WORDS_NONE, .style = REQUEST_WIRES },
	{ .name = "monitor", .type = CONTROL_CHANNEL_INFO, .words = REQUEST_WORDS_OR_ALL, .style = REQUEST_STREAM },
};

static int command_find(struct request *request, struct why *why)
{
	const char *name = json_string_value(json_object_get(request->root, "cmd"));

	if (!name)
		return why_fail(EINVAL, why, "\"cmd\" is missing");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			request->command = &commands[i];
			return 0;
		}
	}
	return why_fail(EINVAL, why, "unknown command \"%.64s\"", name);
}

/* Keys beside "cmd", "id" and "lines", and to what they belong. */
static const struct {
	const char *name;
	enum request_style style;
} keys[] = {
	{ "from", REQUEST_PAGES },
	{ "invert", REQUEST_WIRE },
	{ "delay_us", REQUEST_WIRE },
};

static bool key_is_known(const struct request_command *command, const char *key)
{
	bool known = strcmp(key, "cmd") == 0 || strcmp(key, "id") == 0 ||
		     (strcmp(key, "lines") == 0 && command->words != REQUEST_WORDS_NONE);

	for (size_t i = 0; i < ARRAY_SIZE(keys) && !known; i++)
		known = strcmp(key, keys[i].name) == 0 && command->style == keys[i].style;
	return known;
}

static int keys_check(struct request *request, struct why *why)
{
	const char *key;
	json_t *value;

	json_object_foreach(request->root, key, value)
	{
		if (!key_is_known(request->command, key))
			return why_fail(EINVAL, why, "unknown key \"%.64s\"", key);
	}
	return 0;
}

/* 0, 1 or -1. */
static int value_parse(const struct request_command *command, const json_t *value)
{
	for (int i = 0; i < 2; i++) {
		const char *word = command->values[i];

		if (word ? json_is_string(value) && strcmp(json_string_value(value), word) == 0
			 : json_is_integer(value) && json_integer_value(value) == i)
			return i;
	}
	return -1;
}

static int values_take(struct request *request, json_t *lines, struct why *why)
{
	const struct request_command *command = request->command;
	const char *key;
	json_t *value;

	json_object_foreach(lines, key, value)
	{
		int parsed = value_parse(command, value);

		if (parsed < 0)
			return why_fail(EINVAL, why, "the value of \"%.64s\" is not %s or %s", key,
					command->values[0] ? command->values[0] : "0",
					command->values[1] ? command->values[1] : "1");
		request->words[request->n] = key;
		request->values[request->n++] = (uint8_t)parsed;
	}
	return 0;
}

static int words_take(struct request *request, const json_t *lines, struct why *why)
{
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *word = json_string_value(json_array_get(lines, i));

		if (!word)
			return why_fail(EINVAL, why, "word %zu of \"lines\" is not a string", i + 1);
		request->words[request->n++] = word;
	}
	return 0;
}

static int lines_take(struct request *request, struct why *why)
{
	json_t *lines = json_object_get(request->root, "lines");
	bool values = request->command->words == REQUEST_WORDS_VALUES;
	size_t n = values ? json_object_size(lines) : json_array_size(lines);

	if (request->command->words == REQUEST_WORDS_NONE ||
	    (!lines && request->command->words == REQUEST_WORDS_OR_ALL))
		return 0;
	if (request->command->words == REQUEST_WORDS_TWO && n != 2)
		return why_fail(EINVAL, why, "\"lines\" must be an array of two lines");
	if (n == 0)
		return why_fail(EINVAL, why,
				values ? "\"lines\" must be an object with a value for each line"
				       : "\"lines\" must be an array of lines");
	if (request->from)
		return why_fail(EINVAL, why, "\"from\" and \"lines\" exclude each other");
	request->words = calloc(n, sizeof(*request->words));
	request->values = calloc(n, sizeof(*request->values));
	if (!request->words || !request->values)
		return why_fail(EINVAL, why, "out of memory");
	return values ? values_take(request, lines, why) : words_take(request, lines, why);
}

static int from_take(struct request *request, struct why *why)
{
	const json_t *from = json_object_get(request->root, "from");

	request->from = json_string_value(from);
	return from && !request->from ? why_fail(EINVAL, why, "\"from\" is not a string") : 0;
}

/* First, so that the reply has it whatever else is wrong. */
static int id_take(struct request *request, struct why *why)
{
	const json_t *id = json_object_get(request->root, "id");

	if (id && !json_is_integer(id) && (!json_is_string(id) || json_string_length(id) > REQUEST_ID_MAX))
		return why_fail(EINVAL, why, "\"id\" is not a number or a string of up to %d bytes", REQUEST_ID_MAX);
	request->id = id;
	return 0;
}

static int wire_take(struct request *request, struct why *why)
{
	const json_t *invert = json_object_get(request->root, "invert");
	const json_t *delay = json_object_get(request->root, "delay_us");

	if (invert && !json_is_boolean(invert))
		return why_fail(EINVAL, why, "\"invert\" is not true or false");
	if (delay &&
	    (!json_is_integer(delay) || json_integer_value(delay) < 0 || json_integer_value(delay) > WIRE_DELAY_MAX_US))
		return why_fail(EINVAL, why, "\"delay_us\" is not a number from 0 to %d", WIRE_DELAY_MAX_US);
	request->invert = json_is_true(invert);
	request->delay_us = (uint32_t)json_integer_value(delay);
	return 0;
}

int request_parse(struct request *request, const char *line, size_t len, struct why *why)
{
	static int (*const steps[])(struct request *, struct why *) = { id_take,   command_find, from_take,
									wire_take, lines_take,	 keys_check };
	json_error_t error;
	int ret = 0;

	*request = (struct request){ .root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error) };
	if (!request->root)
		return why_fail(EINVAL, why, "not JSON: %s", error.text);
	if (!json_is_object(request->root))
		ret = why_fail(EINVAL, why, "not a JSON object");
	for (size_t i = 0; i < ARRAY_SIZE(steps) && ret == 0; i++)
		ret = steps[i](request, why);
	return ret;
}

void request_deinit(struct request *request)
{
	free(request->words);
	free(request->values);
	json_decref(request->root);
	*request = (struct request){ .command = NULL };
}
