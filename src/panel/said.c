/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the daemon says of lines and guests, in a panel's words. */
#include "panel/said.h"

#include <string.h>

#include "base/util.h"
#include "board/event.h"

static const char *irq_word(const char *said)
{
	static const char *const words[][2] = {
		{ "none", "" },		 { "edge-rising", "rise" }, { "edge-falling", "fall" },
		{ "edge-both", "both" }, { "level-high", "high" },  { "level-low", "low" },
	};

	for (size_t i = 0; said && i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i][0], said) == 0)
			return words[i][1];
	}
	return "?";
}

struct row_now said_now(const json_t *object)
{
	struct line_now now = event_now(object);

	return (struct row_now){
		.level = now.level,
		.direction = now.direction,
		.irq = irq_word(json_string_value(json_object_get(object, "irq"))),
		.sim = json_is_true(json_object_get(object, "sim")),
	};
}

const char *said_guest(const json_t *object)
{
	if (json_is_true(json_object_get(object, "ready")))
		return "its driver is up";
	return json_is_true(json_object_get(object, "connected")) ? "a machine is connected"
								  : "no machine is connected";
}
