/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The packed ring, device side: VirtIO 1.3, 2.8 "Packed Virtqueues".
 *
 * One ring of descriptors, which both sides walk: the driver marks them available, the device overwrites them, from the
 * same place on, with used ones, in the order of completion. A used descriptor counts for as many as its chain had.
 */
#pragma once

#include "vhost/ring/ring.h"

extern const struct ring_ops packed_ops;
