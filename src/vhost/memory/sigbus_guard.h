/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Mappings of files that somebody else can truncate (or whose huge page is not to be had, or whose page broke). An access
 * then ends in SIGBUS, which no check beforehand can exclude.
 *
 * The handler knows the mappings that are guarded. It puts a page of zeroes of our own where the file has none any more
 * and lets the access go on; from then on sigbus_guard_tripped() says that what was read may be nothing that anybody
 * wrote. Whoever acts on what was read asks first, before it is executed, answered or published. At the end of the turn
 * the session is ended (memory_lost.h). A SIGBUS anywhere else ends the process as ever: that is a bug.
 *
 * One thread. No mapping is touched while guards are added or removed, so the handler never finds one half done.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#define SIGBUS_GUARDS_MAX 512

/* Installs the handler, once a process; what was there before it is for all other faults. -errno. */
int sigbus_guard_install(void);

/* From now on these pages (of that size) are guarded. Returns the guard; -ENOSPC. */
int sigbus_guard_add(void *start, size_t len, size_t page);
/* Before they are unmapped. */
void sigbus_guard_remove(int guard);
/* Whether something of it was lost. */
bool sigbus_guard_has_lost(int guard);

extern volatile sig_atomic_t sigbus_guard_lost;

/* Whether anything was lost since sigbus_guard_clear(). */
static inline bool sigbus_guard_tripped(void)
{
	return __builtin_expect(sigbus_guard_lost, 0);
}

/* Nothing of what was read is in use any more. */
void sigbus_guard_clear(void);
