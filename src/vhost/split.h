/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The split ring, device side: VirtIO 1.3, 2.7 "Split Virtqueues".
 *
 * Ring memory is shared with the guest: every field is read once into a local, the copy checked. What this side
 * publishes (used.idx, avail_event) is kept in a copy of our own.
 */
#pragma once

#include "vhost/memory.h"
#include "vhost/vhost.h"

struct split {
	uint16_t size; /* a power of two */
	bool event_idx;
	bool indirect;
	const struct vring_desc *desc;
	const struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next_avail;
	uint16_t used_idx;	 /* entries written, published or not */
	uint16_t used_published; /* what used.idx in the ring says */
};

/* Resolves the three areas. -EFAULT: not all of them lie in guest memory. */
int split_resolve(struct split *ring, struct memory *memory, const struct session_ring_place *place);

/* 1: *head is the next available head (not checked against size); 0: none; -EIO: avail.idx makes no sense. */
int split_next(struct split *ring, uint16_t *head);
/*
 * Asks the driver for a kick at the next chain (VirtIO 1.3, 2.7.10). True when a chain has come meanwhile, which is
 * then to be taken without a kick.
 */
bool split_arm_kick(struct split *ring);

/*
 * Reads the chain of a head below size. 0, or -EINVAL for a chain that breaks a rule of 2.7.5 and 2.7.5.3, or has more
 * than VHOST_CHAIN_SEGMENTS_MAX segments or VHOST_CHAIN_DESCS_MAX descriptors.
 */
int split_read_chain(const struct split *ring, struct memory *memory, uint16_t head, struct vhost_chain *chain);

/* Writes the next used element; the driver does not see it yet. */
void split_put_used(struct split *ring, uint16_t head, uint32_t len);
/* Publishes all that was put. True when the driver wants to be called (2.7.7). */
bool split_publish(struct split *ring);

/* used.idx as it stands in the ring. */
uint16_t split_used_idx(const struct split *ring);
