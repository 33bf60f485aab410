/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the program says on stderr until it serves, in one line each, and the exit status that goes with it. */
#pragma once

#include "guest/diagnostics.h"

#define EXIT_FAILED 1
#define EXIT_USAGE  2

/* The text may repeat a user's words. */
void complain(const char *text);
void complain_all(const struct findings *findings);
