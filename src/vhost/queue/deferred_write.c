/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Chains that are held: parked, returned, and what has to wait for the translation of its buffer. */
#include "vhost/queue/deferred_write.h"

#include <errno.h>
#include <string.h>

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
static bool write_and_return(struct vhost_queue *queue, uint16_t head, unsigned *asks)
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
		if (write_and_return(queue, head, &asks))
			queue->n_deferred--;
	}
}

struct vhost_parked vhost_chain_park(const struct vhost_chain *chain)
{
	struct vhost_parked parked = { .head = chain->head };

	if (chain->n_write > 0) {
		parked.addr = chain->segments[chain->n_read].addr;
		parked.len = chain->segments[chain->n_read].len;
	}
	return parked;
}

static void defer(struct vhost_queue *queue, const struct vhost_parked *parked, const void *data, size_t len)
{
	struct session_deferred_write *write = &queue->deferred[parked->head];

	if (len > VHOST_PARKED_MAX)
		len = VHOST_PARKED_MAX;
	write->addr = parked->addr.value;
	memcpy(write->data, data, len);
	write->len = len;
	queue->n_deferred++;
}

bool vhost_parked_return(struct vhost_queue *queue, const struct vhost_parked *parked, const void *data, size_t len)
{
	struct memory *memory = queue->host->memory;

	if (!queue->running)
		return false;
	if (len > parked->len)
		len = parked->len;
	if (memory_check(memory, parked->addr, len, IOTLB_WRITE) == -EAGAIN && queue->host->ask(queue->host)) {
		defer(queue, parked, data, len);
		return true;
	}
	vhost_queue_push(queue, parked->head, memory_write(memory, parked->addr, data, len) == 0 ? len : 0);
	return queue->ring.ops->put_publishes;
}
