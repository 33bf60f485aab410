/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where a ring lies. */
#include "vhost/queue/layout.h"

bool layout_same(const struct session_ring_layout *a, const struct session_ring_layout *b)
{
	return a->desc == b->desc && a->used == b->used && a->avail == b->avail;
}

void queue_set_log(struct vhost_queue *queue)
{
	const struct session_ring_layout *layout = &queue->state->layout;
	const struct memory *memory = queue->host->memory;
	struct dirty_log_ring *log = &queue->ring.log;

	log->dirty_log = layout->flags & VHOST_USER_VRING_F_LOG ? memory->dirty_log : NULL;
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

static bool area_overlaps(uint64_t start, size_t len, uint64_t first, uint64_t last)
{
	return start <= last && start + (len - 1) >= first;
}

bool queue_overlaps(const struct vhost_queue *queue, uint64_t first, uint64_t last)
{
	const struct session_ring_layout *layout = &queue->state->layout;
	size_t n = layout->size;

	return n > 0 && (area_overlaps(layout->desc, 16 * n, first, last) ||
			 area_overlaps(layout->avail, 6 + 2 * n, first, last) ||
			 area_overlaps(layout->used, 6 + 8 * n, first, last));
}
