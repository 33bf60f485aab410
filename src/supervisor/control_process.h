/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control process, as the supervisor sees it: its socket, its ends of the guests' ports, and the process. */
#pragma once

#include "base/why.h"
#include "control/control.h"
#include "handover/handover_image.h"
#include "process/child.h"
#include "sandbox/sandbox.h"
#include "service/listener.h"

struct control_process {
	struct child child;
	const struct sandbox *sandbox;
	struct listener listener;	/* owned */
	struct control_outlet *outlets; /* owned; one a guest, their name and port_fd the guest's */
	size_t n_outlets;
};

void control_process_init(struct control_process *process, struct loop *loop, const sigset_t *signals_own,
			  const struct sandbox *sandbox);
/* Makes the control socket. -errno, with a line that says why. */
int control_process_open(struct control_process *process, const char *path, struct why *why);
/*
 * Takes over what an earlier program of this very process has left: the socket, if it is the one of this path, and the
 * process, which knows other outlets, and is on its way out from now on.
 */
void control_process_adopt(struct control_process *process, const struct handover_daemon *left, const char *path);
/* Starts the process, or has the one that was taken over make room for it; it has been looked at by child_reap(). */
void control_process_start(struct control_process *process);
/* Makes room for n outlets, which are to be filled in; the process learns of them when it starts. -ENOMEM: none. */
int control_process_set_outlets(struct control_process *process, size_t n);
/* The process is stopped and gone by then. Idempotent. */
void control_process_close(struct control_process *process);
