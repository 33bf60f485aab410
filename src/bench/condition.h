/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What can be said of a line: a level, an edge, a direction; and the stamped events that it is said of. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_LINES_MAX 65535

enum line_direction {
	LINE_DIRECTION_NONE,
	LINE_DIRECTION_OUTPUT,
	LINE_DIRECTION_INPUT,
};

struct line_now {
	int8_t level; /* 0, 1, or -1: it cannot be told */
	uint8_t direction;
};

/* A line is this from then on. */
struct line_event {
	uint64_t time_ns;
	uint16_t line;
	struct line_now now;
};

enum condition_kind {
	CONDITION_LEVEL,
	CONDITION_DIRECTION,
	CONDITION_RISING,
	CONDITION_FALLING,
	CONDITION_EDGE, /* of either */
};

struct condition {
	uint16_t line;
	uint8_t kind;
	uint8_t value; /* a level, or a direction */
};

/* Whether it is one of an instant. */
static inline bool condition_is_edge(const struct condition *condition)
{
	return condition->kind >= CONDITION_RISING;
}

/* Whether what is no edge holds for the line that is so. */
bool condition_holds(const struct condition *condition, struct line_now now);
/* Whether it comes true when the line that was so becomes so. */
bool condition_comes(const struct condition *condition, struct line_now before, struct line_now after);
/* "ci.led=1", "ci.led rising", cut where its room ends. */
void condition_print(const struct condition *condition, const char *line, char *text, size_t size);
