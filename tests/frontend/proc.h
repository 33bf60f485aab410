/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What /proc tells about a process. A process that is gone is a failure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A quiet process has done all that it had to do and waits for events; a stopped one counts as such. Where the kernel
 * does not tell in which system call a process is (User-Mode Linux), one that sleeps is taken for quiet.
 */
bool proc_is_quiet(pid_t pid);
/* The same, and it is neither dead nor dying. */
bool proc_is_serving(pid_t pid);
/* Waits until the process and its children are quiet: nothing is on its way between them. */
void proc_wait_quiet(pid_t pid);
/* When it is quiet: how many fds it has. */
unsigned proc_fds(pid_t pid);
unsigned proc_threads(pid_t pid);
/* Mappings whose line contains needle; "" counts all. */
unsigned proc_maps(pid_t pid, const char *needle);
/* How many fds other than 0, 1 and 2 would survive an exec. */
unsigned proc_fds_inherited(pid_t pid);
/* A figure of /proc/PID/status, such as "VmRSS" or "voluntary_ctxt_switches". */
uint64_t proc_status(pid_t pid, const char *key);
/* A figure of /proc/PID/smaps_rollup in KiB, such as "Pss". */
uint64_t proc_smaps(pid_t pid, const char *key);
/* Direct children, at most max of them. */
unsigned proc_children(pid_t pid, pid_t *children, unsigned max);
/* Whether the process has the socket that listens at path open. */
bool proc_listens(pid_t pid, const char *path);
bool proc_alive(pid_t pid);
/* The letter of /proc/PID/stat: 'R', 'S', 'Z'...; 'X' when it is gone. */
char proc_state(pid_t pid);
/* Built with an address sanitizer, which keeps what was freed: its memory figures tell nothing. */
bool proc_has_address_sanitizer(pid_t pid);
