/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Chosen lines of all that are monitored: their words may be more than one request takes, and a monitor has one. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Empty when it is all zeroes. */
struct watch {
	json_t *keys; /* owned; guests and lines, as the keys of an object */
};

/* The lines of a reply to "info". False: no memory. */
bool watch_add(struct watch *watch, const json_t *reply);
/* Whether an event of a monitor is about one of them, or its guest. */
bool watch_has(const struct watch *watch, const json_t *event);
void watch_deinit(struct watch *watch);
