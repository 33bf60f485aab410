/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The in-flight region of a split ring: which heads were taken and not yet returned.
 *
 * Format and order are those of vhost-user.rst, "Inflight I/O tracking" (QueueRegionSplit, DescStateSplit): an entry is
 * set when a head is taken; returned heads are linked into a batch, the used index in guest memory is published, then
 * the batch is cleared and used_idx follows. A used_idx that is behind the ring's tells a successor that the process
 * died in between: that many heads of the last batch are done.
 *
 * The region is never trusted: any bytes in it give at worst wrong heads below the ring's size.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost/wire.h"

/* What the region of either format begins with. */
struct inflight_head {
	uint64_t features;
	uint16_t version; /* 0: nobody used it yet */
	uint16_t desc_num;
};

struct inflight_desc {
	uint8_t inflight;
	uint8_t padding[5];
	uint16_t next; /* of the batch */
	uint64_t counter;
};

struct inflight {
	uint64_t features;
	uint16_t version;
	uint16_t desc_num;
	uint16_t last_batch_head;
	uint16_t used_idx;
	struct inflight_desc desc[];
};

/* Regions lie one behind the other, each aligned for the widest that anyone has. */
static inline size_t inflight_align(size_t size)
{
	return (size + 63) & ~(size_t)63;
}

/* Bytes of the region of a ring with this many descriptors. */
static inline size_t inflight_size(uint32_t n)
{
	return inflight_align(sizeof(struct inflight) + n * sizeof(struct inflight_desc));
}

/*
 * Sorts heads by a counter in a region, in place. The region may change meanwhile: then the order is any, and nothing
 * else happens (qsort() does not promise that).
 */
void inflight_sort(uint16_t *heads, size_t n, uint64_t (*counter)(const void *region, uint16_t head),
		   const void *region);

/* Of a region of either format. Copies it so that it is valid when all of it is there, not before. */
void inflight_copy(void *to, const void *from, size_t len);
/* The number of descriptors that a region in use is for; 0: it is not in use, or in a way that we do not know. */
uint16_t inflight_head_size(const void *region);
/* As if nobody had used it yet. */
void inflight_head_clear(void *region);

/* Nothing in flight. */
void inflight_reset(struct inflight *inflight, uint16_t size, uint16_t used_idx);
/* head < size. False when it is in flight already. */
bool inflight_take(struct inflight *inflight, uint16_t head, uint64_t counter);
static inline bool inflight_has(const struct inflight *inflight, uint16_t head)
{
	return inflight->desc[head].inflight == 1;
}

/* The head is written into the used ring, at a place that is not published yet. */
void inflight_batch_add(struct inflight *inflight, uint16_t head);
/*
 * The used index was published: the heads added since the last commit are done. After a crash the same call, with the
 * used index of the ring in guest memory, finishes a batch that was published, or does nothing.
 */
void inflight_batch_commit(struct inflight *inflight, uint16_t size, uint16_t used_idx);
/* The heads in flight, in the order in which they were taken; heads has space for size. Returns how many. */
uint16_t inflight_collect(struct inflight *inflight, uint16_t size, uint16_t *heads);
