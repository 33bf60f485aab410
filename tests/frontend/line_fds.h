/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Copies of the fds by which another process holds lines of real chips. While a copy is open the kernel takes the line
 * back from nobody: what that process made of it last stays to be seen after its end.
 */
#pragma once

#include <sys/types.h>

#define LINE_FDS_MAX 128

struct line_fds {
	int fds[LINE_FDS_MAX];
	unsigned n;
};

/* Of all lines that the process holds, of whatever chip. Needs the right to trace it. */
void line_fds_copy(struct line_fds *copies, pid_t pid);
/* Idempotent. */
void line_fds_close(struct line_fds *copies);
