/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Memory apart from the heap, for what the supervisor writes to from fork to fork: each process that is forked in between
 * would keep the pages as they were then, for itself. A process that has taken what it needs forgets all of it, and with
 * it what is of others.
 */
#pragma once

#include <stddef.h>

/* All zero; NULL: no memory. Each is as large as the first one was. */
void *apart_alloc(size_t size);
/* Idempotent with NULL. */
void apart_free(void *data);
/* In a new process, which uses none of these functions after it: nothing of it is there any more. */
void apart_forget(void);
