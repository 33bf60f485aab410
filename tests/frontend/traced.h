/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A program that is stopped in the last moment before its end, with all its fds still open: what it made of lines that
 * only its end gives back can be looked at.
 */
#pragma once

#include <sys/types.h>

/* Runs it up to there; argv[0] is its path. */
pid_t traced_run(char *const *argv);
/* Lets it end. Returns its exit status, or 128 + signal. */
int traced_end(pid_t pid);
