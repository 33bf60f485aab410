/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The order in which one thread writes what is only read later: by its signal handlers, or from shared memory by the
 * process that succeeds it. No other processor looks on, so only the compiler is to keep it.
 */
#pragma once

#include <stdatomic.h>

/* What is before it in the source is done before what is behind it. */
static inline void compiler_barrier(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}
