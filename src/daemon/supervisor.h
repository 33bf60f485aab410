/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor: the process that a user starts. It holds everything that must outlive a worker, keeps one worker a
 * guest and the control process running, and parses no byte that a guest or a front-end sent: it sees neither vhost/
 * nor gpio/.
 */
#pragma once

#include <stddef.h>

#include "daemon/options.h"

/* Serves until SIGTERM or SIGINT: 0. -errno, with a line that says what and why, when it can not. */
int supervisor_run(const struct options *options, char *why, size_t why_size);
