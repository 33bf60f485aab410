/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The first look at a new ring, when the only kick so far may not be the driver's.
 *
 * QEMU hands over kick fds that are signalled already, so a ring is looked at once it has started. By then the driver
 * may be in the midst of adding its first request, most of all when translations had to be asked for first
 * (VIRTIO_F_ACCESS_PLATFORM): a chain is there, and not kicked for yet. A device may take it. But in a packed ring,
 * virtqueue_add_packed() of Linux makes an indirect chain available before it notes whose it is, and gpio-virtio does
 * not keep its interrupt out meanwhile (seen with 6.1): to an answer that comes so early it says "id 0 is not a head!"
 * and gives up the ring, until the next reset. So that chain is left alone until the driver's own kick, or, should that
 * have come before the fd did, until a timeout.
 */
#pragma once

#include "vhost/queue/queue.h"

/* A kick fd came, or went. */
void first_look_fd(struct vhost_queue *queue);
/* That much was read from it, while the kick is unproven. */
void first_look_kicked(struct vhost_queue *queue, uint64_t count);
/* Lets the device look at a ring that has just started, when that is right. */
void first_look(struct vhost_queue *queue);
