/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The driver of the target "ring": makes descriptors of any content, under the eyes of the ledger. */
#pragma once

#include "fixture.h"

void ring_driver_reset(void);
/* New rings. */
void ring_driver_begin(void);

/* Operations, see fuzz_ring.c. */
void ring_driver_desc(struct input *in);
void ring_driver_table(struct input *in);
void ring_driver_write(struct input *in);
void ring_driver_available(struct input *in);
void ring_driver_jump(struct input *in);
void ring_driver_events(struct input *in);
void ring_driver_mutation(struct input *in);
