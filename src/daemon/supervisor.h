/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor: the process that a user starts. It holds everything that must outlive a worker, keeps one worker a
 * guest and the control process running, and parses no byte that a guest or a front-end sent: it sees neither vhost/
 * nor gpio/.
 */
#pragma once

#include <stddef.h>

#include "daemon/options.h"
#include "daemon/resolve.h"

struct supervisor_start {
	const struct options *options;
	const struct wanted *wanted; /* the guests as the user wrote them, and, in the same order, */
	struct guests *guests;	     /* as they were found, their lines claimed: taken over */
	struct notify *notify;
	int *ready_fd; /* taken over when it was told */
};

/* Serves until SIGTERM or SIGINT, or until the last guest of --one-off is gone: 0. -errno, with a line that says why. */
int supervisor_run(const struct supervisor_start *start, char *why, size_t why_size);
