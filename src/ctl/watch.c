/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Chosen lines of all that are monitored. */
#include "ctl/watch.h"

#include <stdio.h>

#define KEY_MAX 128 /* more than a guest's name and an offset */

/* GUEST or, of what is about one line, GUEST.OFFSET: a guest's name has no dot. */
static void key_write(char key[KEY_MAX], const json_t *object, bool of_line)
{
	const char *guest = json_string_value(json_object_get(object, "guest"));

	snprintf(key, KEY_MAX, of_line ? "%.64s.%lld" : "%.64s", guest ? guest : "",
		 (long long)json_integer_value(json_object_get(object, "offset")));
}

bool watch_add(struct watch *watch, const json_t *reply)
{
	const json_t *lines = json_object_get(reply, "lines");
	bool good = true;
	char key[KEY_MAX];

	if (!watch->keys)
		watch->keys = json_object();
	for (size_t i = 0; good && i < 2 * json_array_size(lines); i++) {
		key_write(key, json_array_get(lines, i / 2), i % 2);
		good = json_object_set_new(watch->keys, key, json_true()) == 0;
	}
	return good;
}

bool watch_has(const struct watch *watch, const json_t *event)
{
	char key[KEY_MAX];

	key_write(key, event, json_object_get(event, "offset"));
	return json_object_get(watch->keys, key);
}

void watch_deinit(struct watch *watch)
{
	json_decref(watch->keys);
	watch->keys = NULL;
}
