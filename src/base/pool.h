/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Memory for what a process makes at its start and keeps to its end.
 *
 * A worker is forked: its heap is the supervisor's, full of holes, and each page of it that is written to is one more that
 * the two no longer share. After pool_begin() what is allocated here lies together, in pages of the process's own.
 * Without it, and where there is no space left, it is the C library's.
 */
#pragma once

#include <stddef.h>

/* Once, in a new process. Where that fails nothing else does. */
void pool_begin(void);
/* All zero; NULL: no memory. */
void *pool_alloc(size_t n, size_t size);
/* Idempotent with NULL. In the pool its space is lost: it is not for what comes and goes. */
void pool_free(void *data);
