/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A queue while it runs: chains out and in, calls. */
#include "vhost/queue/queue.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "base/timed_io.h"
#include "base/util.h"
#include "vhost/memory/sigbus_guard.h"

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
static int chain_next(struct vhost_queue *queue, struct vhost_chain *chain)
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
	if (r == 0 && !queue->polled && ops->arm_kick(&queue->ring))
		r = ops->next(&queue->ring, memory, chain);
	if (r == -EIO)
		queue->host->broken(queue, queue->ring.why);
	else if (r != 0)
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
 * As chain_next(): whether its buffers can be reached, or a translation is missing. Without an IOTLB a buffer that is not
 * in guest memory is found out at its use.
 */
static int chain_check(struct vhost_queue *queue, const struct vhost_chain *chain)
{
	int r = segments_check(queue, chain->segments, chain->n_read, IOTLB_READ);

	if (r == 0)
		r = segments_check(queue, &chain->segments[chain->n_read], chain->n_write, IOTLB_WRITE);
	return r == 0 ? 1 : r == -EAGAIN ? r : -EINVAL;
}

/* What a turn has left, in chains. */
static void budget_spend(struct vhost_queue *queue, uint32_t chains)
{
	queue->budget -= chains < queue->budget ? chains : queue->budget;
}

/*
 * So many pieces of memory cost as much of a turn as one more chain. There are that many where a front-end translates a
 * few bytes at a time.
 */
#define SPANS_PER_CHAIN 1024

/* The chain stays first in line until its translation comes. */
static bool chain_wait(struct vhost_queue *queue, uint16_t head)
{
	if (!queue->host->ask(queue->host))
		return false;
	queue->waits = true;
	queue->waiting = head;
	return true;
}

int vhost_queue_pop(struct vhost_queue *queue, struct vhost_chain *chain)
{
	struct memory *memory = queue->host->memory;

	chain_end(queue);
	while (queue->running) {
		const uint32_t spans = memory->n_spans;
		int r;

		if (queue->budget == 0) {
			queue_ready_later(queue);
			return 0;
		}
		r = chain_next(queue, chain);
		if (sigbus_guard_tripped())
			r = -EIO;
		else if (r == 1 && memory->iotlb)
			r = chain_check(queue, chain);
		budget_spend(queue, 1 + (memory->n_spans - spans) / SPANS_PER_CHAIN);
		if (r == 1) {
			queue->kick.in_vain = 0;
			queue->host->n_popped++;
			chain_begin(queue, chain->head);
			fault_point(FAULT_CHAIN_POPPED);
		}
		if (r == -EAGAIN && chain_wait(queue, chain->head))
			return 0;
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

bool vhost_chain_is_writable(struct vhost_queue *queue, const struct vhost_chain *chain, size_t len)
{
	const struct vhost_segment *segments = &chain->segments[chain->n_read];

	for (unsigned i = 0; i < chain->n_write && len > 0; i++) {
		size_t n = len < segments[i].len ? len : segments[i].len;

		if (memory_check(queue->host->memory, segments[i].addr, n, IOTLB_WRITE) < 0)
			return false;
		len -= n;
	}
	return len == 0;
}

/* So many bytes cost as much of a turn as one more chain: a block of names may have 2 MiB. */
#define BYTES_PER_CHAIN 16384

uint32_t vhost_chain_write(struct vhost_queue *queue, const struct vhost_chain *chain, const void *data, size_t len)
{
	const struct vhost_segment *segments = &chain->segments[chain->n_read];
	const uint8_t *from = data;
	uint32_t written = 0;

	if (!queue->running)
		return 0;
	for (unsigned i = 0; i < chain->n_write && written < len; i++) {
		size_t left = len - written;
		size_t n = left < segments[i].len ? left : segments[i].len;

		if (memory_write(queue->host->memory, segments[i].addr, from + written, n) < 0)
			break;
		written += n;
	}
	budget_spend(queue, written / BYTES_PER_CHAIN);
	return written;
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
	n = timed_write(queue->call_fd, &one, sizeof(one));
	if (n < 0 && n != -EAGAIN)
		log_debug(queue->tag, "call fd: %s", strerror((int)-n));
}

void queue_flush(struct vhost_queue *queue)
{
	bool wanted;

	loop_defer_del(&queue->flush);
	/* Nothing more is the driver's when memory went away: the session ends with this turn. */
	wanted = !sigbus_guard_tripped() && queue->ring.ops->publish(&queue->ring);
	*queue->host->progress += queue->pushed;
	queue->pushed = false;
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
	queue->pushed = true;
	queue->state->position = queue->ring.ops->position(&queue->ring);
	loop_defer_add(queue->host->loop, &queue->flush, on_flush);
}

/*
 * At most this many chains a turn, and no more than a ring has: no queue starves the rest of the process, on a chip that
 * takes a millisecond for each, neither. Drivers' rings are of this size or smaller mostly.
 */
#define CHAINS_PER_TURN 256

/* How many chains of the turn were spent. */
static uint32_t dispatch(struct vhost_queue *queue, uint32_t chains)
{
	uint32_t budget = queue->ring.size < chains ? queue->ring.size : chains;

	/*
	 * What is requeued is popped before the chains of queues before this one are, however much that is: once. Nobody
	 * is before the first one, and how much it has in flight may be what a front-end's region says.
	 */
	if (queue->index > 0)
		budget += (uint32_t)(queue->n_requeued - queue->next_requeued);
	queue->budget = budget;
	queue->host->ops->queue_ready(queue->host->ctx, queue->index, queue);
	return budget - queue->budget;
}

void queue_dispatch(struct vhost_queue *queue)
{
	if (queue->running)
		dispatch(queue, CHAINS_PER_TURN);
}

void queue_dispatch_for(struct vhost_queue *queue, struct vhost_queue *other, uint32_t chains)
{
	if (queue->running)
		budget_spend(other, dispatch(queue, chains > CHAINS_PER_TURN ? chains : CHAINS_PER_TURN));
}

bool vhost_queue_is_drained(const struct vhost_queue *queue)
{
	return queue->running && !queue->waits && queue->budget > 0;
}

void queue_finish(struct vhost_queue *queue)
{
	while (queue->running && queue->next_requeued < queue->n_requeued) {
		uint16_t before = queue->next_requeued;

		queue_dispatch(queue);
		/* A translation is missing. */
		if (queue->next_requeued == before)
			return;
	}
}

void queue_poll_begin(struct vhost_queue *queue)
{
	queue->polled = true;
	queue->ring.ops->disarm_kick(&queue->ring);
}

bool queue_poll_end(struct vhost_queue *queue)
{
	if (!queue->polled)
		return false;
	queue->polled = false;
	return queue->ring.ops->arm_kick(&queue->ring);
}

static void on_ready(struct loop_defer *defer)
{
	queue_dispatch(container_of(defer, struct vhost_queue, ready));
}

void queue_ready_later(struct vhost_queue *queue)
{
	loop_defer_add(queue->host->loop, &queue->ready, on_ready);
}
