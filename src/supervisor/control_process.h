/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control process, as the supervisor sees it: its socket and the process, which learns the guests when it starts, and
 * the channels of workers that start later over a feed. Over that it asks for wires, too.
 */
#pragma once

#include "base/why.h"
#include "handover/handover_format.h"
#include "process/child.h"
#include "service/listener.h"
#include "supervisor/guest_set.h"
#include "wires/wire_service.h"

struct control_process {
	struct child child;
	const struct guest_set *set; /* the caller's */
	struct listener listener;    /* owned */
	int feed_fd;		     /* owned; our end of the present process's feed; -1: it needs no more */
	int feed_child_fd;	     /* owned; its end, between prepare and started */
	struct loop_watch feed_watch;
	struct loop_timer feed_timer;
	struct wire_service *wires; /* the caller's: it may ask for some */
};

/* set and wires outlive the process. */
void control_process_init(struct control_process *process, const struct guest_set *set, struct wire_service *wires);
/* Makes the control socket. -errno, with a line that says why. */
int control_process_open(struct control_process *process, const struct guest_socket *socket, struct why *why);
/*
 * Takes over what an earlier program of this very process had: the socket, if it is the one of this path, and the
 * process, which has other control channels, and is on its way out from now on.
 */
void control_process_adopt(struct control_process *process, const struct handover *before, const char *path);
/* Starts the process, or ends the one that was taken over, for it; it has been looked at by child_reap(). */
void control_process_start(struct control_process *process);
/* Gives the process what control channels it does not have yet (struct worker_process: control_due). */
void control_process_feed(struct control_process *process);
/* Guests were added or removed: the process is replaced. */
void control_process_restart(struct control_process *process);
/* The process is stopped and gone by then. Idempotent. */
void control_process_close(struct control_process *process);
