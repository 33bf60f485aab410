/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where a ring lies, for us, for the guest, for the dirty log; and what changes when memory or its translation does. */
#include "vhost/queue/queue.h"

void queue_set_log(struct vhost_queue *queue)
{
	const struct session_ring_layout *layout = &queue->state->layout;
	const struct memory *memory = queue->host->memory;
	struct dirty_log_ring *log = &queue->ring.log;

	log->dirty_log = layout->flags & VHOST_USER_VRING_F_LOG ? queue->host->dirty_log : NULL;
	/* With an IOTLB front-ends give an I/O virtual address here, which no log is made for. */
	log->addr = memory->iotlb ? memory_guest_addr(memory, queue->ring.written) : layout->log;
	log->desc_addr = memory_guest_addr(memory, queue->ring.desc);
}

struct session_locations queue_locations(const struct vhost_queue *queue, const struct ring *ring)
{
	const struct memory *memory = queue->host->memory;

	return (struct session_locations){ memory_location(memory, ring->desc), memory_location(memory, ring->driver),
					   memory_location(memory, ring->written) };
}

int queue_resolve(struct vhost_queue *queue)
{
	int r;

	queue->host->memory->missed.perm = 0;
	r = queue->ring.ops->resolve(&queue->ring, queue->host->memory, &queue->state->layout);
	if (r == 0)
		queue_set_log(queue);
	return r;
}

void queue_memory_changed(struct vhost_queue *queue)
{
	if (queue->running && queue_resolve(queue) < 0)
		queue_stop(queue);
	if (queue->running)
		queue->state->locations = queue_locations(queue, &queue->ring);
	queue_update(queue);
}

static bool area_overlaps(uint64_t start, size_t len, uint64_t first, uint64_t last)
{
	return start <= last && start + (len - 1) >= first;
}

static bool ring_overlaps(const struct session_ring_layout *layout, uint64_t first, uint64_t last)
{
	size_t n = layout->size;

	return n > 0 && (area_overlaps(layout->desc, 16 * n, first, last) ||
			 area_overlaps(layout->avail, 6 + 2 * n, first, last) ||
			 area_overlaps(layout->used, 6 + 8 * n, first, last));
}

void queue_translated(struct vhost_queue *queue, uint64_t first, uint64_t last)
{
	if (queue->running && ring_overlaps(&queue->state->layout, first, last))
		queue_memory_changed(queue);
	queue_retry(queue);
}
