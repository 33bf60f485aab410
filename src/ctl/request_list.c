/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The words of one call as requests. */
#include "ctl/request_list.h"

#define LINE_MAX_BYTES 4096 /* docs/control-protocol.md, "Limits" */

void request_list_init(struct request_list *list, const char *cmd)
{
	*list = (struct request_list){ .cmd = cmd, .requests = json_array(), .words = json_object() };
}

json_t *request_list_end(struct request_list *list)
{
	json_t *requests = list->requests;

	json_decref(list->words);
	*list = (struct request_list){ .cmd = NULL };
	return requests;
}

int request_list_add_plain(struct request_list *list)
{
	return json_array_append_new(list->requests, json_pack("{s:s}", "cmd", list->cmd));
}

/* The lines of the last request. NULL: there is none. */
static json_t *last_lines(const struct request_list *list)
{
	size_t n = json_array_size(list->requests);

	return n > 0 ? json_object_get(json_array_get(list->requests, n - 1), "lines") : NULL;
}

static size_t text_len(const json_t *value)
{
	return value ? json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) : 0;
}

static int request_begin(struct request_list *list, json_t *lines)
{
	json_t *request = json_pack("{s:s, s:o}", "cmd", list->cmd, "lines", lines);

	json_object_clear(list->words);
	list->len = text_len(request) + 1;
	return json_array_append_new(list->requests, request);
}

static int word_add(struct request_list *list, json_t *word, json_t *value)
{
	const char *text = json_string_value(word);
	size_t len = text_len(word) + text_len(value) + 2; /* a comma, and a colon if there is a value */
	bool known = json_object_get(list->words, text);
	int ret = 0;

	if (known && list->each_once)
		return 0;
	if (!last_lines(list) || known || list->len + len > LINE_MAX_BYTES)
		ret = request_begin(list, value ? json_object() : json_array());
	list->len += len;
	if (ret == 0)
		ret = json_object_set(list->words, text, word);
	if (ret < 0)
		return ret;
	return value ? json_object_set(last_lines(list), text, value) : json_array_append(last_lines(list), word);
}

int request_list_add(struct request_list *list, const char *word, json_t *value)
{
	json_t *text = json_string(word);
	int ret = text ? word_add(list, text, value) : -1;

	json_decref(text);
	json_decref(value);
	return ret;
}

json_t *request_look(const json_t *request)
{
	json_t *lines = json_object_get(request, "lines"), *words = json_array(), *value;
	const char *word;

	if (json_is_array(lines))
		json_array_extend(words, lines);
	json_object_foreach(lines, word, value) json_array_append_new(words, json_string(word));
	return json_pack("{s:s, s:o}", "cmd", "get", "lines", words);
}
