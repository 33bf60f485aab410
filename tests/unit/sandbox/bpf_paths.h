/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a seccomp program allows, found out by walking it: not from the list that it was made of. */
#pragma once

#include <linux/filter.h>
#include <stdio.h>

/*
 * For each system call that some way through the program allows or refuses with an errno, a line of text: its name, and
 * what its arguments must be for that: "fcntl 1&ffffffff==409".
 */
void bpf_paths_print(const struct sock_fprog *program, FILE *out);
