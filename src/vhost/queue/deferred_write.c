/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Late writes: a chain was held for long, and when there was something to write into it, the translation of its buffer
 * was gone (VIRTIO_F_ACCESS_PLATFORM). What is to be written is kept in the session until it comes, so that no event is
 * lost with the process or by a pause. At most one a head.
 */
#include <errno.h>
#include <string.h>

#include "vhost/queue/queue.h"

/* Questions at a time; each answer leads to the next. */
#define ASKS_MAX 4

static bool has_iotlb(const struct vhost_queue *queue)
{
	return queue->host->memory->iotlb;
}

/* Without an IOTLB the pages of the session are not touched. */
void deferred_write_clear(struct vhost_queue *queue)
{
	for (uint32_t head = 0; has_iotlb(queue) && head < queue->ring.size; head++)
		queue->deferred[head].len = 0;
}

static bool has_write(const struct vhost_queue *queue, uint16_t head)
{
	return has_iotlb(queue) && queue->deferred[head].len > 0;
}

void deferred_write_add(struct vhost_queue *queue, const struct vhost_parked *parked, const void *data, size_t len)
{
	struct session_deferred_write *late = &queue->deferred[parked->head];

	if (len > VHOST_PARKED_MAX)
		len = VHOST_PARKED_MAX;
	late->addr = parked->addr.value;
	memcpy(late->data, data, len);
	late->len = len;
	queue->n_deferred++;
}

void deferred_write_restore(struct vhost_queue *queue)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < queue->n_requeued; i++) {
		if (!has_write(queue, queue->requeued[i]))
			queue->requeued[kept++] = queue->requeued[i];
	}
	queue->n_deferred = queue->n_requeued - kept;
	queue->n_requeued = kept;
}

/* Writes and returns the chain of a head. False: the translation is still missing; it is asked for if there are asks. */
static bool write_deferred(struct vhost_queue *queue, uint16_t head, unsigned *asks)
{
	struct session_deferred_write copy = queue->deferred[head];
	const struct guest_addr addr = { copy.addr };
	int r;

	if (copy.len > VHOST_PARKED_MAX)
		copy.len = VHOST_PARKED_MAX;
	r = memory_check(queue->host->memory, addr, copy.len, IOTLB_WRITE);
	if (r == -EAGAIN && *asks == 0)
		return false;
	if (r == -EAGAIN && queue->host->ask(queue->host)) {
		--*asks;
		return false;
	}
	if (r == 0)
		r = memory_write(queue->host->memory, addr, copy.data, copy.len);
	queue->deferred[head].len = 0;
	vhost_queue_push(queue, head, r == 0 ? copy.len : 0);
	return true;
}

void deferred_write_run(struct vhost_queue *queue)
{
	unsigned asks = ASKS_MAX;
	uint32_t left = queue->n_deferred;

	for (uint32_t head = 0; head < queue->ring.size && left > 0; head++) {
		if (!has_write(queue, head))
			continue;
		left--;
		if (write_deferred(queue, head, &asks))
			queue->n_deferred--;
	}
}
