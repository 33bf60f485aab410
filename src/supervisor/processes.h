/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * All processes that the supervisor keeps running: a worker for each guest, and the control process, which learns at
 * its start which guests there are. When to start, to stop and to replace them is the supervisor's business.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/why.h"
#include "config/guest_config.h"
#include "handover/handover_format.h"
#include "supervisor/control_process.h"
#include "supervisor/guest_set.h"
#include "wires/wire_service.h"

struct processes {
	struct guest_set set;			   /* owned; a reload changes it */
	struct control_process control;		   /* owned; not open without a path */
	struct wire_service wires;		   /* owned */
	const struct guest_socket *control_socket; /* the caller's; without a path: no control process */
};

/* empty: a set without a guest, but with what each guest's process is given; what it points to outlives processes. */
void processes_init(struct processes *processes, const struct guest_set *empty,
		    const struct guest_socket *control_socket);
/* Makes every socket. The guests, in the order of configs, and wires are taken over. -errno, with a line that says why. */
int processes_open(struct processes *processes, const struct guest_configs *configs, struct guests *guests,
		   struct wire_list *wires, struct why *why);
/* The same with what an earlier program has handed over, fds and all. -errno, with a line that says why. */
int processes_adopt(struct processes *processes, struct handover *handover, struct why *why);
/* Every process is stopped and gone by then. Idempotent. */
void processes_close(struct processes *processes);

/* Starts the workers of the guests that have none yet and whose work has no end behind it. */
void processes_start_guests(struct processes *processes);
/* Starts the control process, if there is to be one. */
void processes_start_control(struct processes *processes);
/* Guests were added or removed: the control process is replaced by one that knows them. */
void processes_restart_control(struct processes *processes);
/* Looks who has died, and does what is due then. */
void processes_reap(struct processes *processes);
/* Reaps processes that are nobody's here any more; except is another one of the caller's. */
void processes_reap_strays(struct processes *processes, pid_t except);
/* No successors from now on; each process gets signo. */
void processes_stop(struct processes *processes, int signo);

bool processes_any_running(const struct processes *processes);
/* Whether there is nobody left to serve: each guest was served once, as --one-off or a connected fd wants it. */
bool processes_all_done(const struct processes *processes);
