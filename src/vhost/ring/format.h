/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Which of the two ring formats it is. */
#pragma once

#include "vhost/ring/packed.h"
#include "vhost/ring/split.h"

static inline const struct ring_ops *ring_format(bool packed)
{
	return packed ? &packed_ops : &split_ops;
}
