/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor: the process that a user starts. It holds everything that must outlive a worker, keeps one worker a
 * guest and the control process running, and parses no byte that a guest or a front-end sent: it sees neither vhost/
 * nor gpio/.
 */
#pragma once

#include <stddef.h>

#include "base/why.h"
#include "guest/resolve.h"
#include "handover/handover_format.h"
#include "options/settings.h"
#include "supervisor/upgrade.h"

struct supervisor_start {
	const struct settings *settings;
	const struct program *program;
	/* Either what an earlier program has handed over, fds and all: decoded, its fds looked at, */
	struct handover *handover;
	/* It was stored with the service manager by an earlier start; then the configuration may be another. */
	bool stored;
	/* or NULL, and: */
	const struct guest_configs *configs; /* the guests as the user wrote them, and, in the same order, */
	struct guests *guests;		     /* as they were found, their lines claimed: taken over */
	struct wire_list *wires;	     /* and what joins their lines: taken over */
	struct sd_notify *notify;
	int *ready_fd; /* closed when the newline was written */
};

/*
 * Serves until SIGTERM, SIGINT or SIGUSR1, or until the last guest of --one-off is gone: 0. -errno, with a line that says
 * why.
 */
int supervisor_run(const struct supervisor_start *start, struct why *why);
