/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * --make-safe: what a guest's end would have done to its lines, done without a guest and without the daemon: for
 * ExecStopPost= after a daemon that was killed. The kernel takes a line back when this process ends, and what becomes
 * of its level then is up to the chip's driver: where it does not stay, hold it.
 */
#pragma once

#include <stdbool.h>

#include "guest/guest.h"

/* A line that cannot be requested is logged, the others are done all the same. Returns how many failed. */
unsigned make_safe(const struct guests *guests);
/* Before make_safe(): a SIGTERM or SIGINT that comes before all lines are safe is for make_safe_hold() to find. */
void make_safe_hold_prepare(void);
/* Waits for SIGTERM or SIGINT. */
void make_safe_hold(void);
