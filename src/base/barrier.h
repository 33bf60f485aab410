/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The order in which one thread writes what is only read later: by its signal handlers, or from shared memory by the
 * process that succeeds it. No other processor looks on, so only the compiler is to keep it.
 */
#pragma once

#include <stdatomic.h>

/* For a loop that looks at memory which others write: leaves the processor's other thread what it can. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield" ::: "memory");
#else
	atomic_signal_fence(memory_order_seq_cst);
#endif
}

/* What is before it in the source is done before what is behind it. */
static inline void compiler_barrier(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}
