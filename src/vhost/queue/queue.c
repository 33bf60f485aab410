/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A queue: chains in and out, kick and call. Start and stop are in start_stop.c. */
#include "vhost/queue/queue.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "base/timed_io.h"
#include "base/util.h"
#include "vhost/memory/sigbus_guard.h"

/* A ring that makes no sense stays silent until it is set up anew; the front-end may listen on the err fd. */
int queue_break(struct vhost_queue *queue, const char *why)
{
	const uint64_t one = 1;
	ssize_t n;

	log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag, "ring broken: %s", why);
	queue->state->broken = 1;
	queue_stop(queue);
	if (queue->err_fd < 0) {
		queue->host->notify(queue->host, queue, QUEUE_NOTICE_ERR);
		return -EIO;
	}
	n = patient_write(queue->err_fd, &one, sizeof(one));
	if (n < 0)
		log_debug(queue->tag, "err fd: %s", strerror((int)-n));
	return -EIO;
}

/*
 * What the device is at stands in the session, so that a chain that kills the process is known to the next one. At the
 * next pop, or when it is pushed, it has not.
 */
static void chain_begin(struct vhost_queue *queue, uint16_t head)
{
	queue->state->handled = head + 1u;
}

static void chain_end(struct vhost_queue *queue)
{
	struct session_ring *state = queue->state;

	if (state->handled == 0)
		return;
	if (state->handled == state->suspect)
		state->suspect = state->deaths = 0;
	state->handled = 0;
}

/* A chain that an earlier run left in flight: it is the first suspect when reading it is what kills. */
static int chain_requeued(struct vhost_queue *queue, uint16_t head, struct vhost_chain *chain)
{
	int r;

	chain_begin(queue, head);
	r = queue->ring.ops->reread(&queue->ring, queue->host->memory, head, chain);
	return r < 0 ? r : 1;
}

/* The next chain, as in ring.h: first those that were in flight when the queue started, then those in the ring. */
static int next_chain(struct vhost_queue *queue, struct vhost_chain *chain)
{
	const struct ring_ops *ops = queue->ring.ops;
	struct memory *memory = queue->host->memory;
	int r;

	if (queue->waits) {
		queue->waits = false;
		return chain_requeued(queue, queue->waiting, chain);
	}
	if (queue->next_requeued < queue->n_requeued)
		return chain_requeued(queue, queue->requeued[queue->next_requeued++], chain);
	r = ops->next(&queue->ring, memory, chain);
	if (r == 0 && ops->arm_kick(&queue->ring))
		r = ops->next(&queue->ring, memory, chain);
	if (r == -EIO)
		return queue_break(queue, queue->ring.why);
	if (r != 0)
		queue->state->position = ops->position(&queue->ring);
	return r;
}

/*
 * How much of a chain is looked up before it is handed out, for each direction: more than any device here reads or
 * writes. One such chain in each direction, its indirect table and all rings fit into the IOTLB together: none of
 * them drives out what another waits for.
 */
#define REACH_MAX (4u << 20)

static int segments_check(struct vhost_queue *queue, const struct vhost_segment *segments, unsigned n,
			  enum iotlb_access access)
{
	uint32_t left = REACH_MAX;

	for (unsigned i = 0; i < n && left > 0; i++) {
		uint32_t len = segments[i].len < left ? segments[i].len : left;
		int r = memory_check(queue->host->memory, segments[i].addr, len, access);

		if (r < 0)
			return r;
		left -= len;
	}
	return 0;
}

/*
 * So many pieces of memory cost as much of a turn as one more chain. There are that many where a front-end translates a
 * few bytes at a time.
 */
#define SPANS_PER_CHAIN 1024

static void spans_pay(struct vhost_queue *queue, uint32_t n)
{
	uint32_t cost = n / SPANS_PER_CHAIN;

	queue->budget -= cost < queue->budget ? cost : queue->budget;
}

/*
 * A chain whose buffers can be reached, as next_chain(); -EAGAIN: a translation is missing. Without an IOTLB a buffer
 * that is not in guest memory is found out at its use.
 */
static int load_chain(struct vhost_queue *queue, struct vhost_chain *chain)
{
	int r = next_chain(queue, chain);

	if (sigbus_guard_tripped())
		return -EIO;
	if (r <= 0 || !queue->host->memory->iotlb)
		return r;
	r = segments_check(queue, chain->segments, chain->n_read, IOTLB_READ);
	if (r == 0)
		r = segments_check(queue, &chain->segments[chain->n_read], chain->n_write, IOTLB_WRITE);
	return r == 0 ? 1 : r == -EAGAIN ? r : -EINVAL;
}

/* The chain stays first in line until its translation comes. */
static bool queue_wait(struct vhost_queue *queue, uint16_t head)
{
	if (!queue->host->ask(queue->host))
		return false;
	queue->waits = true;
	queue->waiting = head;
	return true;
}

int vhost_queue_pop(struct vhost_queue *queue, struct vhost_chain *chain)
{
	uint32_t spans;
	int r;

	chain_end(queue);
	while (queue->running) {
		if (queue->budget == 0) {
			queue_ready_later(queue);
			return 0;
		}
		queue->budget--;
		spans = queue->host->memory->n_spans;
		r = load_chain(queue, chain);
		spans_pay(queue, queue->host->memory->n_spans - spans);
		if (r == 1) {
			queue->kicks_in_vain = 0;
			chain_begin(queue, chain->head);
		}
		if (r == -EAGAIN && queue_wait(queue, chain->head))
			return 0;
		if (r == 1)
			fault_point(FAULT_CHAIN_POPPED);
		if (r != -EINVAL && r != -EAGAIN)
			return r;
		log_limited(&queue->log_limit, LOG_LEVEL_WARNING, queue->tag, "head %u: malformed chain, returned",
			    chain->head);
		vhost_queue_push(queue, chain->head, 0);
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

/* So many bytes cost as much of a turn as one more chain: a block of names may have 2 MiB. */
#define BYTES_PER_CHAIN 16384

uint32_t vhost_chain_write(struct vhost_queue *queue, const struct vhost_chain *chain, const void *data, size_t len)
{
	uint32_t written, cost;

	if (!queue->running)
		return 0;
	written = segments_write(queue, &chain->segments[chain->n_read], chain->n_write, data, len);
	cost = written / BYTES_PER_CHAIN;
	queue->budget -= cost < queue->budget ? cost : queue->budget;
	return written;
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

bool vhost_parked_return(struct vhost_queue *queue, const struct vhost_parked *parked, const void *data, size_t len)
{
	struct vhost_segment segment = { parked->addr, parked->len };

	if (!queue->running)
		return false;
	if (len > parked->len)
		len = parked->len;
	if (memory_check(queue->host->memory, parked->addr, len, IOTLB_WRITE) == -EAGAIN &&
	    queue->host->ask(queue->host)) {
		deferred_write_add(queue, parked, data, len);
		return true;
	}
	vhost_queue_push(queue, parked->head, segments_write(queue, &segment, len > 0, data, len));
	return queue->ring.ops->put_publishes;
}

void queue_signal(struct vhost_queue *queue)
{
	const uint64_t one = 1;
	ssize_t n;

	/* A full pipe or eventfd is a call that is still pending; a closed one is a front-end about to go. */
	queue->signal_once = false;
	if (queue->call_fd < 0) {
		queue->host->notify(queue->host, queue, QUEUE_NOTICE_CALL);
		return;
	}
	n = patient_write(queue->call_fd, &one, sizeof(one));
	if (n < 0 && n != -EAGAIN)
		log_debug(queue->tag, "call fd: %s", strerror((int)-n));
}

void queue_flush(struct vhost_queue *queue)
{
	bool wanted;

	loop_defer_del(&queue->flush);
	/* Nothing more is the driver's when memory went away: the session ends with this turn. */
	wanted = !sigbus_guard_tripped() && queue->ring.ops->publish(&queue->ring);
	fault_point(FAULT_PUBLISHED);
	if (queue->host->ops->queue_published)
		queue->host->ops->queue_published(queue->host->ctx, queue->index);
	if (wanted)
		queue_signal(queue);
}

void vhost_queue_publish(struct vhost_queue *queue)
{
	if (queue->running)
		queue_flush(queue);
}

bool vhost_queue_is_requeued(const struct vhost_queue *queue, uint16_t head)
{
	for (uint32_t i = queue->next_requeued; i < queue->n_requeued; i++) {
		if (queue->requeued[i] == head)
			return true;
	}
	return false;
}

static void on_flush(struct loop_defer *defer)
{
	queue_flush(container_of(defer, struct vhost_queue, flush));
}

void vhost_queue_push(struct vhost_queue *queue, uint16_t head, uint32_t written)
{
	if (!queue->running || sigbus_guard_tripped())
		return;
	queue->ring.ops->put(&queue->ring, head, written);
	if (queue->state->handled == head + 1u)
		chain_end(queue);
	fault_point(FAULT_CHAIN_PUT);
	queue->state->position = queue->ring.ops->position(&queue->ring);
	loop_defer_add(queue->host->loop, &queue->flush, on_flush);
}
