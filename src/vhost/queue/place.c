/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where a ring lies, for us, for the guest, for the dirty log; and what changes when memory or its translation does. */
#include "vhost/queue/queue.h"

void queue_set_log(struct vhost_queue *queue)
{
	const struct session_ring_place *place = &queue->state->place;
	const struct memory *memory = queue->host->memory;
	struct dirty_ring *log = &queue->ring.log;

	log->dirty = place->flags & VHOST_USER_VRING_F_LOG ? queue->host->dirty : NULL;
	/* With an IOTLB front-ends give an I/O virtual address here, which no log is made for. */
	log->addr = memory->iotlb ? memory_guest_addr(memory, queue->ring.written) : place->log;
	log->desc_addr = memory_guest_addr(memory, queue->ring.desc);
}

struct session_spots queue_spots(const struct vhost_queue *queue, const struct ring *ring)
{
	const struct memory *memory = queue->host->memory;

	return (struct session_spots){ memory_spot(memory, ring->desc), memory_spot(memory, ring->driver),
				       memory_spot(memory, ring->written) };
}

int queue_resolve(struct vhost_queue *queue)
{
	int r;

	queue->host->memory->missed.perm = 0;
	r = queue->ring.ops->resolve(&queue->ring, queue->host->memory, &queue->state->place);
	if (r == 0)
		queue_set_log(queue);
	return r;
}

void queue_memory_changed(struct vhost_queue *queue)
{
	if (queue->running && queue_resolve(queue) < 0)
		queue_stop(queue);
	if (queue->running)
		queue->state->spots = queue_spots(queue, &queue->ring);
	queue_update(queue);
}

static bool area_overlaps(uint64_t start, size_t len, uint64_t first, uint64_t last)
{
	return start <= last && start + (len - 1) >= first;
}

static bool ring_overlaps(const struct session_ring_place *place, uint64_t first, uint64_t last)
{
	size_t n = place->size;

	return n > 0 && (area_overlaps(place->desc, 16 * n, first, last) ||
			 area_overlaps(place->avail, 6 + 2 * n, first, last) ||
			 area_overlaps(place->used, 6 + 8 * n, first, last));
}

void queue_translated(struct vhost_queue *queue, uint64_t first, uint64_t last)
{
	if (queue->running && ring_overlaps(&queue->state->place, first, last))
		queue_memory_changed(queue);
	queue_retry(queue);
}
