/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The state of a suspended device as it goes from one back-end to another: of each ring what a resume needs, then the
 * device's own.
 *
 * A ring carries its in-flight region. "Suspended device state" leaves nothing else for what the device holds: event
 * buffers are the device's for hours, they cannot all be returned when a ring stops, and a back-end that only knows
 * the base would take the next ones and never return these. The destination resumes such a ring as if it had stopped
 * here, so that held buffers are held there, and takes none of it when base or used index say that it is another ring.
 *
 * Little-endian, but for the regions, which are in the byte order of the host (vhost-user.rst, "Inflight I/O
 * tracking"); a host of the other one refuses.
 */
#pragma once

#include "vhost/device/device.h"

/* What a load takes at most. */
size_t saved_state_max(const struct vhost_device *device);
/* All of it, of malloc(), or NULL. No queue runs. */
void *saved_state_make(struct vhost_device *device, size_t *len);
/* struct state_transfer: done. A state that was loaded is applied, all of it or nothing. */
void saved_state_transfer_done(struct state_transfer *transfer, int error);
