/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a Value Change Dump declares: its unit of time, and its signals. */
#pragma once

#include <stdint.h>

#include "wave/vcd_text.h"

#define VCD_SIGNALS_MAX 65536u
#define VCD_WIDTH_MAX	65536u
#define VCD_NAME_MAX	512 /* bytes of a signal's name with its scopes, and a zero */

struct vcd_signal {
	char *name;	      /* owned; "top.uart.tx", without a range */
	struct vcd_word code; /* its identifier in the file */
	uint32_t number;      /* of the identifier, from 0: signals that are the same wire share it */
	uint32_t width;	      /* 0: it has no level, as a real number */
	int32_t left, right;  /* bits */
};

struct vcd_head {
	struct vcd_signal *signals; /* owned; in the order of their identifiers */
	size_t n, room;
	uint32_t n_numbers;
	uint64_t scale, divisor; /* nanoseconds are units * scale / divisor, of which one is 1 */
	/* While it is read: the scopes, each with a dot, and where each begins. */
	char scope[VCD_NAME_MAX];
	uint16_t scopes[VCD_NAME_MAX / 2];
	size_t n_scopes;
};

/* Reads up to $enddefinitions $end. 0, or -EINVAL or -ENOMEM: the text's why. To be given up in any case. */
int vcd_head_read(struct vcd_head *head, struct vcd_text *text);
/* Idempotent, also of one that is all zeroes. */
void vcd_head_deinit(struct vcd_head *head);
/* The first signal of this identifier. NULL: there is none. */
const struct vcd_signal *vcd_head_find_code(const struct vcd_head *head, struct vcd_word code);
