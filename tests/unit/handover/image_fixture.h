/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A handover of two guests, which tests of its image change before they write it down. */
#pragma once

#include "rows.h"

#include "handover/handover_image.h"
#include "ipc/wire_channel.h"

#define GUESTS 2
#define CHIPS  2
#define LINES  3
#define STORED 3

struct model {
	struct handover handover;
	struct handover_guest guests[GUESTS];
	struct parts {
		struct guest_chip chips[CHIPS];
		struct line_rules lines[LINES];
		struct fd_store_entry stored[STORED];
		struct handover_death deaths[2];
	} parts[GUESTS];
	struct record_writer extra; /* records more, of guest 1 */
	struct wire wire;
	struct wire_memory memory;
	struct wire_bell bell;
};

void model_make(struct model *model);
/* With a wire, and what it takes. */
void model_wire(struct model *model);
/* *image is the caller's, whatever the result. */
int model_write(struct model *model, struct record_writer *image);

/* All that a program does with an image. handover is to be given to handover_deinit(). */
int image_take(void *bytes, size_t size, struct handover *handover, struct why *why);
/* In memory of exactly that size, for the sanitizer. */
void *copy_make(const void *bytes, size_t size);
