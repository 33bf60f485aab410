/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* strace -c on a process, from start to stop. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct syscalls {
	pid_t strace;
	char path[32]; /* of its report */
};

/* False when there is no strace, or it may not trace. */
bool syscalls_start(struct syscalls *syscalls, pid_t pid);
/* Each system call per request as a figure NAME/CALL in this unit, and all of them together. */
void syscalls_stop(struct syscalls *syscalls, const char *name, unsigned requests, const char *unit);
