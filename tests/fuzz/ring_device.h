/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The device of the target "ring": holds chains and returns them in any order, under the eyes of the ledger. */
#pragma once

#include "fixture.h"

extern const struct vhost_ops ring_device_ops;

void ring_device_reset(void);
/* How often a front-end was taken for the one that had left. */
unsigned ring_device_returns(void);

/* Operations, see fuzz_ring.c. */
void ring_device_policy(struct input *in);
void ring_device_give_back(struct input *in);
void ring_device_give_back_parked(struct input *in);
