/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Waiting with an end: nothing in the front-end waits for ever. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WAIT_MS	  30000 /* for what must happen, on the slowest machine */
#define SILENT_MS 30	/* for what must not happen */

uint64_t clock_ns(void);
uint64_t clock_ms(void);
void sleep_ms(unsigned ms);

/* Whether fd becomes readable (or hangs up) within that time. */
bool wait_readable(int fd, int timeout_ms);

bool wait_writable(int fd, int timeout_ms);

/* Asks done(ctx) every millisecond until it says yes. False at the time-out. */
bool wait_for(bool (*done)(void *ctx), void *ctx, int timeout_ms);
