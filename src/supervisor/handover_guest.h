/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One guest in the handover image: put into it by one supervisor, taken out of it by the next. */
#pragma once

#include "handover/handover_image.h"
#include "supervisor/worker_process.h"

/* Appends the guest to the body. */
void handover_guest_put(const struct worker_process *process, const char *description, struct handover_writer *writer);
/*
 * Makes of a decoded guest, whose fds become its own, a process that is served already: its worker is adopted, its
 * socket, lines and session are as they were. It has no control channel yet. -errno: fds may have been taken.
 */
int handover_guest_take(struct worker_process *process, const struct handover_guest_parts *parts, struct loop *loop,
			const sigset_t *signals_own);

/* A listening socket, of a guest or of the control process: as it is in the image; and taken over, its fds with it. */
void handover_listener_put(const struct listener *listener, struct handover_listener *out);
void handover_listener_take(struct listener *listener, const struct handover_listener *in);
