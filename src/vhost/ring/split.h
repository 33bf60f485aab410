/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The split ring, device side: VirtIO 1.3, 2.7 "Split Virtqueues". */
#pragma once

#include "vhost/ring/ring.h"

extern const struct ring_ops split_ops;
