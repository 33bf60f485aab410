/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A stage of the sandbox: the list of system calls. A build without libseccomp has seccomp_none.c. */
#pragma once

#include "sandbox/types.h"

bool sandbox_filter_supported(void);
/* Makes the program: a file with its instructions, the caller's. -errno. */
int sandbox_filter_make(enum sandbox_role role);
/* The program in such a file: its instructions are the caller's, of malloc(). 0 or -errno. */
int sandbox_filter_read(int fd, struct sock_fprog *program);
/* 0 or -errno. */
int sandbox_enter_filter(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage);
