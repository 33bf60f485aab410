/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The device of the target "ring": holds chains and returns them in any order, under the eyes of the ledger. */
#pragma once

#include "fixture.h"

extern const struct vhost_ops ring_device_ops;

void ring_device_reset(void);
/*
 * fixture_come_back(). A front-end that is taken for the one that left goes on where it was, and nothing is lost. Else the
 * rings are looked at from their start, or from where it says.
 */
void ring_device_come_back(uint8_t how);

/* Operations, see fuzz_ring.c. */
void ring_device_policy(struct input *in);
void ring_device_give_back(struct input *in);
void ring_device_give_back_parked(struct input *in);
