/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Deferred writes: a chain was held for long, and when there was something to write into it, the translation of its
 * buffer was gone (VIRTIO_F_ACCESS_PLATFORM). What is to be written stays in the session until it comes, so that no
 * event is lost with the process or by a pause. At most one a head. See vhost_parked_return().
 */
#pragma once

#include "vhost/queue/queue.h"

/* Forgets all: nothing is in flight. */
void deferred_write_clear(struct vhost_queue *queue);
/* Takes those that an earlier run left out of the heads that are requeued. */
void deferred_write_restore(struct vhost_queue *queue);
/* Writes and returns what can be. */
void deferred_write_run(struct vhost_queue *queue);
