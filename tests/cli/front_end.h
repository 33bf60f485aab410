/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A front-end of a program on the fixture. */
#pragma once

#include "vmm.h"

/* Starts the front-end over a socket that is connected already. */
void vmm_start_on(struct vmm *vmm, int fd);
/* A guest of that many lines is served at the socket. */
void check_serves(const char *path, unsigned n_lines);
