/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where a ring lies: for us, for the guest, for the dirty log. */
#pragma once

#include "vhost/queue/queue.h"

/* Whether the areas are the same. */
bool layout_same(const struct session_ring_layout *a, const struct session_ring_layout *b);
/* The ring where its layout says. -errno: it does not lie in memory, or a translation is missing (memory->missed). */
int queue_resolve(struct vhost_queue *queue);
/* What the ring writes of its own is marked from now on as layout.flags, layout.log say. */
void queue_set_log(struct vhost_queue *queue);
/* In which memory this ring lies, that was resolved. */
struct session_locations queue_locations(const struct vhost_queue *queue, const struct ring *ring);
/* Whether any of its addresses is among these. */
bool queue_overlaps(const struct vhost_queue *queue, uint64_t first, uint64_t last);
