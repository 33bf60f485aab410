/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One guest in the handover image: written down by the supervisor that leaves, taken up by the one that comes. */
#pragma once

#include "handover/handover_image.h"
#include "supervisor/worker_process.h"

/* Appends the guest to the body. */
void guest_handover_put(const struct guest_process *process, const char *description, struct handover_writer *writer);
/*
 * Makes of a decoded guest, whose fds become its own, a process that is served already: its worker is adopted, its
 * socket, lines and session are as they were. It has no port yet. -errno: fds may have been taken.
 */
int guest_handover_take(struct guest_process *process, const struct handover_guest_parts *parts, struct loop *loop,
			const sigset_t *signals_own);

/* A listening socket, of a guest or of the control process: as it is written down; and taken up, its fds with it. */
void listener_handover_put(const struct listener *listener, struct handover_listener *out);
void listener_handover_take(struct listener *listener, const struct handover_listener *in);
