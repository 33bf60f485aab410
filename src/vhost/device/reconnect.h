/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The session of a front-end that goes without a word, and whether the next one is the same that reconnects.
 *
 * A broken connection loses what only this side knew: which chains are held (SET_VRING_BASE tells a number, not which),
 * and what the driver made of the device. So it is saved: the rings as they stopped, the in-flight regions in the
 * session's own, and the device's state (ops reconnect_save). The device goes to its initial state all the same (ops
 * reconnect_reset): nobody knows who comes next.
 *
 * When the first ring starts on another connection it is decided, once. The next front-end is believed to be the same
 * one only when all of this is so:
 * - the same features;
 * - each ring that is set up by then has the size that it had, and its areas are the same bytes of the same file, at
 *   the same guest-physical addresses. Another machine has other memory;
 * - memory shows that nobody used or reset the ring meanwhile: recover(), recognize() in ring.h; and one ring at least
 *   has moved since it began, so that a fresh one would look otherwise;
 * - SET_VRING_BASE is what a front-end may say that could not ask where the ring was: base_fits();
 * - each chain that is held can still be read.
 * Then rings and device go on as they were; a ring that is set up later is asked the same when it starts. Else all of
 * it is dropped, and the log says why. Nothing of this is trusted further than a first connection would be: any bytes
 * in a ring or region are checked where they are used.
 *
 * A connection on which no ring starts changes nothing. A reset, and a state that is loaded, drop what was saved.
 */
#pragma once

#include "vhost/device/device.h"

/* The end of a connection, in this order; each may be called again after a crash. */
/* The rings have stopped: saves them, and the device. */
void reconnect_save(struct vhost_device *device);
/* The device goes to its initial state. */
void reconnect_reset(struct vhost_device *device);
/* The connection is gone: what was saved waits for the next one. */
void reconnect_await(struct vhost_device *device);

/*
 * A ring is about to start: decides, if that was not done yet. A ring that was not kicked is no reason to drop what was
 * saved: the front-end may not be done with its messages.
 */
void reconnect_decide(struct vhost_device *device, bool kicked);
/* Forgets what was saved, if there is anything. */
void reconnect_drop(struct vhost_device *device);
