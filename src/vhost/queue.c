/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A queue: chains in and out, kick and call. Start and stop are in queue_state.c. */
#include "vhost/queue.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

/* A ring that makes no sense stays silent until it is set up anew; the front-end may listen on the err fd. */
static int queue_break(struct vhost_queue *queue, const char *why)
{
	const uint64_t one = 1;

	log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag, "the ring is broken: %s", why);
	queue->state->broken = 1;
	queue_stop(queue);
	if (queue->err_fd >= 0 && write(queue->err_fd, &one, sizeof(one)) < 0)
		log_debug(queue->tag, "err fd: %s", strerror(errno));
	return -EIO;
}

/* The next head: first those that were in flight when the queue started, then the available ring's. */
static int next_head(struct vhost_queue *queue, uint16_t *head)
{
	struct split *ring = &queue->ring;
	int r;

	if (queue->next_again < queue->n_again) {
		*head = queue->again[queue->next_again++];
		return 1;
	}
	r = split_next(ring, head);
	if (r == 0 && split_arm_kick(ring))
		r = split_next(ring, head);
	if (r == 0)
		return 0;
	if (r < 0)
		return queue_break(queue, "the available index is ahead by more than the ring's size");
	if (*head >= ring->size)
		return queue_break(queue, "a head is out of range");
	if (!inflight_take(queue->inflight, *head, queue->taken++))
		return queue_break(queue, "a head was made available that the device still holds");
	ring->next_avail++;
	queue->state->next_avail = ring->next_avail;
	return 1;
}

int vhost_queue_pop(struct vhost_queue *queue, struct vhost_chain *chain)
{
	uint16_t head;
	int r;

	while (queue->running) {
		if (queue->budget == 0) {
			queue_ready_later(queue);
			return 0;
		}
		queue->budget--;
		r = next_head(queue, &head);
		if (r <= 0)
			return r;
		if (split_read_chain(&queue->ring, queue->host->memory, head, chain) == 0)
			return 1;
		log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag, "head %u: malformed chain, returned",
			    head);
		vhost_queue_push(queue, head, 0);
	}
	return -EIO;
}

int vhost_chain_read(struct vhost_queue *queue, const struct vhost_chain *chain, void *data, size_t len)
{
	uint8_t *to = data;

	if (chain->read_len < len)
		return -EMSGSIZE;
	for (unsigned i = 0; i < chain->n_read && len > 0; i++) {
		const struct vhost_segment *segment = &chain->segments[i];
		size_t n = len < segment->len ? len : segment->len;

		if (memory_read(queue->host->memory, segment->addr, to, n) < 0)
			return -EFAULT;
		to += n;
		len -= n;
	}
	return 0;
}

static uint32_t segments_write(struct vhost_queue *queue, const struct vhost_segment *segments, unsigned n_segments,
			       const void *data, size_t len)
{
	const uint8_t *from = data;
	uint32_t written = 0;

	for (unsigned i = 0; i < n_segments && written < len; i++) {
		size_t left = len - written;
		size_t n = left < segments[i].len ? left : segments[i].len;

		if (memory_write(queue->host->memory, segments[i].addr, from + written, n) < 0)
			break;
		written += n;
	}
	return written;
}

uint32_t vhost_chain_write(struct vhost_queue *queue, const struct vhost_chain *chain, const void *data, size_t len)
{
	if (!queue->running)
		return 0;
	return segments_write(queue, &chain->segments[chain->n_read], chain->n_write, data, len);
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

uint32_t vhost_parked_write(struct vhost_queue *queue, const struct vhost_parked *parked, const void *data, size_t len)
{
	struct vhost_segment segment = { parked->addr, parked->len };

	if (!queue->running)
		return 0;
	return segments_write(queue, &segment, parked->len > 0, data, len);
}

void queue_signal(struct vhost_queue *queue)
{
	const uint64_t one = 1;

	/* A full pipe or eventfd is a call that is still pending; a closed one is a front-end about to go. */
	if (queue->call_fd >= 0 && write(queue->call_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_debug(queue->tag, "call fd: %s", strerror(errno));
}

void queue_flush(struct vhost_queue *queue)
{
	struct split *ring = &queue->ring;
	bool signal;

	loop_defer_del(&queue->flush);
	if (ring->used_idx == ring->used_published)
		return;
	signal = split_publish(ring);
	inflight_batch_commit(queue->inflight, ring->size, ring->used_published);
	if (signal)
		queue_signal(queue);
}

static void on_flush(struct loop_defer *defer)
{
	queue_flush(container_of(defer, struct vhost_queue, flush));
}

void vhost_queue_push(struct vhost_queue *queue, uint16_t head, uint32_t written)
{
	if (!queue->running || head >= queue->ring.size || !inflight_has(queue->inflight, head))
		return;
	inflight_batch_add(queue->inflight, head);
	split_put_used(&queue->ring, head, written);
	loop_defer_add(queue->host->loop, &queue->flush, on_flush);
}
