/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a program writes to stdout: it gets there, or its user learns that it did not. */
#pragma once

#include <stdbool.h>

/* To be called before any fd is opened: with one of fds 0 to 2 closed, a socket would take its number, and the output. */
void output_init(void);
/* Writes what waits. False: not all that was printed so far was written (said). */
bool output_flush(void);
