/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the daemon says of a line, as a value. */
#include "board/event.h"

#include <string.h>

#include "base/util.h"

struct line_now event_now(const json_t *object)
{
	static const char *const directions[] = { "none", "output", "input" };
	const char *direction = json_string_value(json_object_get(object, "direction"));
	const json_t *level = json_object_get(object, "level");
	struct line_now now = { .level = json_is_integer(level) ? json_integer_value(level) != 0 : -1 };

	for (uint8_t i = 0; direction && i < ARRAY_SIZE(directions); i++) {
		if (strcmp(directions[i], direction) == 0)
			now.direction = i;
	}
	return now;
}

uint64_t event_time(const json_t *object)
{
	json_int_t time_ns = json_integer_value(json_object_get(object, "time_ns"));

	return time_ns > 0 ? (uint64_t)time_ns : 0;
}
