/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lines that a daemon tells of, as rows. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "panel/rows.h"

struct told {
	struct rows *rows; /* the caller's */
	json_t *numbers;   /* owned; of the rows, by the daemon's word */
	bool has_clock;	   /* of this daemon: */
	int64_t ahead_ns;  /* so far our clock is ahead of its */
	bool cut;	   /* there are more lines than rows */
};

void told_init(struct told *told, struct rows *rows);
void told_deinit(struct told *told);
/* Another daemon, or the same again, begins to tell. */
void told_begin(struct told *told);
/* A line is so, or has become so. */
void told_line(struct told *told, const json_t *object, uint64_t now_ns);
/* All are told: those that there were before, and are no more, go. */
void told_all(struct told *told);
