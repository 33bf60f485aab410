/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One guest in the handover image: put into it by one supervisor, taken out of it by the next. */
#pragma once

#include "handover/handover_format.h"
#include "supervisor/worker_process.h"

/* What process has, for handover_encode(): all but out->deaths and out->session_form stays its own. -ENOMEM. */
int handover_guest_put(const struct worker_process *process, struct handover_guest *out);
/* Whether this program can take over its session; nothing is taken. -EPROTONOSUPPORT, with why. */
int handover_guest_look(const struct handover_guest *in, struct why *why);
/*
 * Makes of a decoded guest, whose fds become its own, a process that is served already: its worker is adopted, its
 * socket, lines and session are as they were. It has no control channel yet. -errno: fds may have been taken.
 */
int handover_guest_take(struct worker_process *process, struct handover_guest *in, struct loop *loop,
			const sigset_t *signals_own);
