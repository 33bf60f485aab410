/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The reader of Value Change Dumps (IEEE 1364, 18), those of simulators, logic analysers and vgpioctl alike. It reads
 * change by change, in order of time, and keeps nothing but what is declared.
 */
#pragma once

#include "wave/vcd_head.h"

enum vcd_level {
	VCD_LOW,
	VCD_HIGH,
	VCD_PULL_LOW, /* 'L' and 'H' of VHDL */
	VCD_PULL_HIGH,
	VCD_NONE, /* nobody drives: 'z', and what is no level: 'x', 'u', 'w', '-' */
};

struct vcd_reader {
	struct vcd_text text;
	struct vcd_head head;
	struct vcd_text body; /* the place where the changes begin */
	uint64_t first_ns;    /* of the first time that the file has; 0 before */
	uint64_t time_ns;     /* of the last one */
	uint64_t units;	      /* the same in the file's */
	bool has_time;
};

/* These signals are this from time_ns on. */
struct vcd_change {
	uint64_t time_ns;
	uint32_t number; /* of the identifier */
	const char *values;
	size_t len;
};

/* Reads what is declared. The text outlives the reader, which is to be closed in any case. 0 or -errno: why. */
int vcd_reader_open(struct vcd_reader *reader, const char *name, const char *text, size_t len, struct why *why);
/* 1; 0 at the end; -EINVAL: why. */
int vcd_reader_next(struct vcd_reader *reader, struct vcd_change *change);
/* The next change is the first one again. */
void vcd_reader_rewind(struct vcd_reader *reader);
void vcd_reader_close(struct vcd_reader *reader);
/* The level of that bit, counted from the right. */
enum vcd_level vcd_change_level(const struct vcd_change *change, uint32_t bit);
