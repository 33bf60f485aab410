/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The in-flight region of a packed ring: the descriptors of the chains that were taken and not yet returned.
 *
 * Format and order are those of vhost-user.rst, "Inflight I/O tracking" (QueueRegionPacked, DescStatePacked). The ring
 * keeps no descriptor of a chain in flight: used ones are written over them. So each is copied into an entry here. The
 * entries of a chain are linked by next, as are the free ones; a chain is named by the index of its first entry.
 *
 * What is in flight is what old_free_head says: the chain is taken when it moves on, and returned when it is back.
 * Chains are returned one by one, never in a batch, so that what a death in between leaves is one used descriptor,
 * which the driver sees or does not see.
 *
 * The region is never trusted: any bytes in it give at worst wrong heads below the ring's size.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vhost/state/inflight.h"

struct inflight_packed_desc {
	uint8_t inflight; /* here, and in the next four, of the first entry of a chain only */
	uint8_t padding;
	uint16_t next;
	uint16_t last;
	uint16_t num;
	uint64_t counter;
	uint16_t id;
	uint16_t flags;
	uint32_t len;
	uint64_t addr;
};

/* One word, so that all of it changes in one store. */
union inflight_packed_used {
	struct {
		uint16_t idx;
		uint16_t old_idx;
		uint8_t wrap_counter;
		uint8_t old_wrap_counter;
		uint8_t padding[2];
	};
	uint64_t word;
};

struct inflight_packed {
	uint64_t features;
	uint16_t version;
	uint16_t desc_num;
	uint16_t free_head;
	uint16_t old_free_head;
	union inflight_packed_used used;
	uint8_t padding[5];
	struct inflight_packed_desc desc[];
};

_Static_assert(sizeof(struct inflight_packed_desc) == 32, "DescStatePacked");
_Static_assert(sizeof(struct inflight_packed) == 32, "QueueRegionPacked");

/* Bytes of the region of a ring with this many descriptors. */
static inline size_t inflight_packed_size(uint32_t n)
{
	return inflight_align(sizeof(struct inflight_packed) + n * sizeof(struct inflight_packed_desc));
}

/* A chain that is being taken, or that is in flight. */
struct inflight_packed_chain {
	uint16_t head;
	uint16_t last;
	uint16_t num;
	uint16_t id;	    /* of the buffer: what the driver wants to have back */
	uint16_t next_free; /* while it is being taken */
};

/* Nothing in flight; the next used descriptor goes there. */
void inflight_packed_reset(struct inflight_packed *region, uint16_t size, uint16_t used_idx, bool used_wrap);

/* Taking a chain: begin, add each descriptor, take. False: there is no free entry; then nothing was taken. */
void inflight_packed_begin(const struct inflight_packed *region, struct inflight_packed_chain *chain);
bool inflight_packed_add(struct inflight_packed *region, uint16_t size, struct inflight_packed_chain *chain,
			 const struct inflight_packed_desc *desc);
void inflight_packed_take(struct inflight_packed *region, const struct inflight_packed_chain *chain, uint64_t counter);

/* The chain in flight with this head. False: there is none. */
bool inflight_packed_get(const struct inflight_packed *region, uint16_t size, uint16_t head,
			 struct inflight_packed_chain *chain);

/* Returning a chain: begin with the place of the next used descriptor, show this one to the driver, end. */
void inflight_packed_return(struct inflight_packed *region, const struct inflight_packed_chain *chain,
			    uint16_t used_idx, bool used_wrap);
void inflight_packed_returned(struct inflight_packed *region, const struct inflight_packed_chain *chain);

/* Whether the process died between these two. The driver then sees the descriptor at the old place, or does not. */
bool inflight_packed_is_returning(const struct inflight_packed *region);
/* After a crash: finishes or takes back what was being done; then what is in flight is known. */
void inflight_packed_recover(struct inflight_packed *region, uint16_t size, bool published);
/*
 * The heads in flight, in the order in which they were taken; heads has space for size. Returns how many, and by n_descs
 * how many descriptors they had.
 */
uint16_t inflight_packed_collect(const struct inflight_packed *region, uint16_t size, uint16_t *heads,
				 uint32_t *n_descs);
