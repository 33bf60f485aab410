/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The words of one call as requests. */
#include "ctl/request_list.h"

#include <stdbool.h>

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

static bool has_room(const struct request_list *list, const char *word)
{
	return last_lines(list) && !json_object_get(list->words, word);
}

static int request_begin(struct request_list *list, json_t *lines)
{
	json_object_clear(list->words);
	return json_array_append_new(list->requests, json_pack("{s:s, s:o}", "cmd", list->cmd, "lines", lines));
}

int request_list_add(struct request_list *list, const char *word, json_t *value)
{
	int ret = 0;

	if (!has_room(list, word))
		ret = request_begin(list, value ? json_object() : json_array());
	if (ret == 0)
		ret = json_object_set_new(list->words, word, json_true());
	if (ret < 0)
		json_decref(value);
	else if (value)
		ret = json_object_set_new(last_lines(list), word, value);
	else
		ret = json_array_append_new(last_lines(list), json_string(word));
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
