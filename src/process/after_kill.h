/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a process can still do that was killed and does not end.
 *
 * From the moment of SIGKILL on no instruction of its own is executed, once it has left the processor: what is left is the
 * call of the kernel that it is in, and its end. Whoever waits for a file system that does not answer is in such a call,
 * or in his end, closing files. While it can still run, as one that did not get the processor, nothing is known.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Whether nothing of it is left but to wait in the kernel. False also when that cannot be found out. */
bool after_kill_only_waits(pid_t pid);
