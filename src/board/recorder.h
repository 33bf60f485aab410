/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Writes what a board's trace tells to a file, in order of time, before it is forgotten. */
#pragma once

#include "board/board.h"
#include "board/vcd.h"

struct recorder {
	bool records;
	size_t n_done; /* events of the trace that were written */
	uint64_t n_lost;
	struct vcd vcd;
};

/* From begin_ns on, of which time the trace has forgotten nothing. 0 or -errno. */
int recorder_begin(struct recorder *recorder, int fd, const struct board *board, uint64_t begin_ns);
/* Writes what has become known. 0 or -errno. All below do nothing unless it records. */
int recorder_take(struct recorder *recorder, const struct trace *trace);
/* The trace has forgotten so many events. */
void recorder_forgot(struct recorder *recorder, size_t n);
void recorder_lost(struct recorder *recorder, const char *guest, uint64_t count);
/* Idempotent. 0 or -errno. */
int recorder_end(struct recorder *recorder, const struct trace *trace);
