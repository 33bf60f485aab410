/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What both ring formats share: the building of chains. */
#include "vhost/ring/ring.h"

#include <errno.h>

#define DESC_SIZE 16 /* of either format */

void ring_init(struct ring *ring, const struct ring_ops *ops, uint64_t features, void *inflight)
{
	*ring = (struct ring){
		.ops = ops,
		.event_idx = features & VIRTIO_F_EVENT_IDX,
		.indirect = features & VIRTIO_F_INDIRECT_DESC,
		.disarmed = true,
		.inflight = inflight,
	};
}

int chain_add(struct vhost_chain *chain, uint64_t addr, uint32_t len, bool write)
{
	unsigned n = chain->n_read + chain->n_write;

	if (!write && chain->write_len > 0)
		return -EINVAL;
	if (len > UINT32_MAX - chain->read_len - chain->write_len)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (n == VHOST_CHAIN_SEGMENTS_MAX)
		return -EINVAL;
	chain->segments[n] = (struct vhost_segment){ { addr }, len };
	if (write) {
		chain->n_write++;
		chain->write_len += len;
	} else {
		chain->n_read++;
		chain->read_len += len;
	}
	return 0;
}

uint32_t indirect_entries(uint32_t len)
{
	uint32_t n = len / DESC_SIZE;

	return len % DESC_SIZE || n > VRING_SIZE_MAX ? 0 : n;
}

int indirect_read(struct memory *memory, uint64_t table, uint32_t index, void *entry)
{
	struct guest_addr at = { table + (uint64_t)index * DESC_SIZE };
	int r = at.value < table ? -EINVAL : memory_read(memory, at, entry, DESC_SIZE);

	return r < 0 && r != -EAGAIN ? -EINVAL : r;
}
