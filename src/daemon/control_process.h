/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control process, as the supervisor sees it: its socket, its ends of the guests' ports, and the process. */
#pragma once

#include "daemon/child.h"
#include "daemon/control.h"
#include "daemon/listener.h"

struct control_process {
	struct child child;
	struct listener listener;	/* owned */
	struct control_outlet *outlets; /* owned; one a guest, their port_fd the guest's */
	size_t n_outlets;
};

void control_process_init(struct control_process *process, struct loop *loop, const sigset_t *signals_own);
/* Makes the control socket. The outlets are to be filled in before the start. -errno, with a line that says why. */
int control_process_open(struct control_process *process, const char *path, size_t n_outlets, char *why,
			 size_t why_size);
/* The process is stopped and gone by then. Idempotent. */
void control_process_close(struct control_process *process);
