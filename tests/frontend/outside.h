/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The outside of a simulated chip, reached over the program's control socket (docs/control-protocol.md). When a
 * function returns, the program has done it. A line is called as "guest0.dummy2" or "guest0.2".
 */
#pragma once

#include <stddef.h>

#define OUTSIDE_TEXT_MAX 4096

struct outside {
	int fd; /* owned; -1: closed */
	size_t have;
	char text[OUTSIDE_TEXT_MAX]; /* what came and was not yet looked at */
};

void outside_open(struct outside *outside, const char *path);
void outside_close(struct outside *outside);

/* Drives the line. */
void outside_set(struct outside *outside, const char *line, int level);
/* The same in two halves: the second waits until it is done. */
void outside_set_async(struct outside *outside, const char *line, int level);
void outside_set_finish(struct outside *outside);
/* Lets go of the line and leaves it to a pull: 0 down, 1 up. */
void outside_pull(struct outside *outside, const char *line, int up);
/* The level of the line. */
int outside_get(struct outside *outside, const char *line);

/* From now on this connection only tells about the line. */
void outside_monitor(struct outside *outside, const char *line);
/* How many edges it told about until it was silent for that long. */
unsigned outside_edges(struct outside *outside, int silent_ms);
