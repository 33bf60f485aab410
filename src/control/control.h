/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control process: forked by the supervisor like a worker, it serves the control socket (JSON Lines, see
 * docs/control-protocol.md) and reaches the lines of each guest over the worker's control channel. It holds no guest memory
 * and no chip; when it dies, no guest notices.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/control_guest.h"
#include "ipc/control_channel.h"

struct control_start {
	int listen_fd;
	int feed_fd; /* ipc/control_channel.h: from the supervisor, whose end it tells, too */
	const struct control_guest *guests;
	size_t n_guests;
	const struct control_channel_wire *wires; /* those that there are */
	size_t n_wires;
};

/* Whether this build has it. */
bool control_supported(void);

/* Before the process enters the sandbox: what needs a file. */
void control_prepare(void);
/*
 * The process's life. All fds of start belong to it, those of guests are closed in the end. Returns its exit status: 0
 * after SIGTERM or SIGINT.
 */
int control_main(const struct control_start *start);
