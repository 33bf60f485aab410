/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A waveform as a Value Change Dump (IEEE 1364, 18): nanoseconds from the beginning on, a scope a guest, a wire a line; 'z'
 * while the guest does not use the line, 'x' when its level cannot be told.
 *
 * What is written ends with a whole line each time, so that the file can be read while it grows, and when its writer
 * was killed; also where a page of the file ends, and with it what such a writer may have got done.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/condition.h"

#define VCD_BUFFER 65536

struct vcd_line {
	const char *guest;
	const char *name;
	struct line_now now;
};

/* Where a file ends; what is beyond is not written. UINT64_MAX: there is no such limit. */
struct vcd_limit {
	uint64_t changes, bytes, ns;
};

struct vcd {
	int fd;	   /* the caller's */
	int error; /* of writing, -errno: nothing is written any more */
	uint64_t begin_ns, last_ns;
	char *values; /* owned; of each line, as it stands there */
	size_t n_lines;
	uint64_t n_changes, n_bytes;
	struct vcd_limit limit; /* none at the beginning; may be set then */
	bool is_full;		/* a limit was reached */
	size_t len;
	char buffer[VCD_BUFFER];
};

/* Writes what stands before the changes. -errno; to be ended in any case. */
int vcd_begin(struct vcd *vcd, int fd, const struct vcd_line *lines, size_t n, uint64_t begin_ns);
/* The line is this from time_ns on, which is not before that of the last call. */
void vcd_change(struct vcd *vcd, uint64_t time_ns, size_t line, struct line_now now);
/* Changes of the guest are missing. */
void vcd_lost(struct vcd *vcd, const char *guest, uint64_t count);
/* Writes what waits. 0 or -errno. */
int vcd_flush(struct vcd *vcd);
/* Nothing happened until end_ns, or the limit. The same. */
int vcd_end(struct vcd *vcd, uint64_t end_ns);
