/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a program says on stderr before it serves, or that serves nobody: one line each, with its name before it. */
#pragma once

/* Exit statuses. */
#define EXIT_FAILED 1
#define EXIT_USAGE  2

/* To be called first; program outlives the process. */
void error_init(const char *program);
/* The text may repeat words of a user or of a peer: what would not stay in its line becomes '?'. */
void error_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
