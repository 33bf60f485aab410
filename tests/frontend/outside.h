/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The outside of a chip. When a function returns, it is done. A line is called as "guest0.dummy2" or "guest0.2".
 *
 * Of a simulated chip it is reached over the program's control socket (docs/control-protocol.md); of a guest's chip that
 * was named with outside_is_real(), which is the kernel's gpio-sim, through that one's attributes in sysfs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "gpio_sim.h"

#define OUTSIDE_TEXT_MAX 4096

struct outside {
	int fd;		     /* owned; -1: closed */
	bool waits_for_edge; /* outside_set_finish() is due, of a real chip */
	size_t have;
	char text[OUTSIDE_TEXT_MAX]; /* what came and was not yet looked at */
};

/* Whether tests are to run on real chips: the environment says OUTSIDE=gpio-sim. */
bool outside_wants_real(void);
/* From now on sim is the guest's chip; NULL: it has a simulated one. sim stays the caller's. */
void outside_is_real(unsigned guest, const struct gpio_sim *sim);

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

/* Joins two simulated lines; a delay or an inversion makes it a gate from the first to the second. Parts them. */
void outside_wire(struct outside *outside, const char *a, const char *b, bool invert, unsigned delay_us);
void outside_unwire(struct outside *outside, const char *a, const char *b);

/* From now on this connection only tells about the line. */
void outside_monitor(struct outside *outside, const char *line);
/* How many edges it told about until it was silent for that long. */
unsigned outside_edges(struct outside *outside, int silent_ms);
