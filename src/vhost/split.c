/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The split ring, device side. */
#include "vhost/split.h"

#include <errno.h>

static uint16_t le16_load_acquire(const struct le16 *p)
{
	return le16toh(__atomic_load_n(&p->raw, __ATOMIC_ACQUIRE));
}

static uint16_t le16_load(const struct le16 *p)
{
	return le16toh(__atomic_load_n(&p->raw, __ATOMIC_RELAXED));
}

static void le16_store_release(struct le16 *p, uint16_t v)
{
	__atomic_store_n(&p->raw, htole16(v), __ATOMIC_RELEASE);
}

/* used_event: behind the available ring's entries (2.7.7). */
static const struct le16 *used_event(const struct split *ring)
{
	return &ring->avail->ring[ring->size];
}

/* avail_event: behind the used ring's entries (2.7.10). */
static struct le16 *avail_event(const struct split *ring)
{
	return (struct le16 *)&ring->used->ring[ring->size];
}

int split_resolve(struct split *ring, struct memory *memory, const struct session_ring_place *place)
{
	size_t n = place->size;

	/* 2.7: 16n bytes aligned to 16, 6 + 2n to 2, 6 + 8n to 4. */
	ring->desc = memory_resolve(memory, (struct user_addr){ place->desc }, 16 * n, 16);
	ring->avail = memory_resolve(memory, (struct user_addr){ place->avail }, 6 + 2 * n, 2);
	ring->used = memory_resolve(memory, (struct user_addr){ place->used }, 6 + 8 * n, 4);
	if (!ring->desc || !ring->avail || !ring->used)
		return -EFAULT;
	ring->size = n;
	return 0;
}

int split_next(struct split *ring, uint16_t *head)
{
	uint16_t waiting = le16_load_acquire(&ring->avail->idx) - ring->next_avail;

	if (waiting == 0)
		return 0;
	if (waiting > ring->size)
		return -EIO;
	*head = le16_load(&ring->avail->ring[ring->next_avail & (ring->size - 1)]);
	return 1;
}

bool split_arm_kick(struct split *ring)
{
	/* Without EVENT_IDX used.flags stays 0: kicks are never suppressed. */
	if (ring->event_idx)
		le16_store_release(avail_event(ring), ring->next_avail);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return le16_load_acquire(&ring->avail->idx) != ring->next_avail;
}

/* A descriptor in host values, read once. */
struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

static struct desc desc_from_wire(const struct vring_desc *wire)
{
	return (struct desc){ le64_get(wire->addr), le32_get(wire->len), le16_get(wire->flags), le16_get(wire->next) };
}

static struct desc desc_load(const struct split *ring, uint16_t index)
{
	const volatile struct vring_desc *p = &ring->desc[index];
	struct vring_desc copy = {
		.addr.raw = p->addr.raw, .len.raw = p->len.raw, .flags.raw = p->flags.raw, .next.raw = p->next.raw
	};

	return desc_from_wire(&copy);
}

/* Adds a data descriptor to the chain: readable ones first, empty ones left out, the sum below 2^32 (2.7.5). */
static int chain_add(struct vhost_chain *chain, const struct desc *desc)
{
	bool write = desc->flags & VRING_DESC_F_WRITE;
	unsigned n = chain->n_read + chain->n_write;

	if (!write && chain->write_len > 0)
		return -EINVAL;
	if (desc->len > UINT32_MAX - chain->read_len - chain->write_len)
		return -EINVAL;
	if (desc->len == 0)
		return 0;
	if (n == VHOST_CHAIN_SEGMENTS_MAX)
		return -EINVAL;
	chain->segments[n] = (struct vhost_segment){ { desc->addr }, desc->len };
	if (write) {
		chain->n_write++;
		chain->write_len += desc->len;
	} else {
		chain->n_read++;
		chain->read_len += desc->len;
	}
	return 0;
}

/* 2.7.5.3 "Indirect Descriptors": the rest of the chain is a table in guest memory. */
static int read_indirect(struct memory *memory, const struct desc *table, struct vhost_chain *chain)
{
	uint32_t n = table->len / sizeof(struct vring_desc);
	uint32_t index = 0;

	if (n == 0 || table->len % sizeof(struct vring_desc) || n > VRING_SIZE_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < n && i < VHOST_CHAIN_DESCS_MAX; i++) {
		struct guest_addr at = { table->addr + (uint64_t)index * sizeof(struct vring_desc) };
		struct vring_desc wire;
		struct desc desc;

		if (at.value < table->addr || memory_read(memory, at, &wire, sizeof(wire)) < 0)
			return -EINVAL;
		desc = desc_from_wire(&wire);
		if (desc.flags & VRING_DESC_F_INDIRECT || chain_add(chain, &desc) < 0)
			return -EINVAL;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
		if (desc.next >= n)
			return -EINVAL;
		index = desc.next;
	}
	return -EINVAL; /* as many steps as entries and no end: a loop; or too many descriptors */
}

int split_read_chain(const struct split *ring, struct memory *memory, uint16_t head, struct vhost_chain *chain)
{
	uint16_t index = head;

	chain->head = head;
	chain->n_read = chain->n_write = 0;
	chain->read_len = chain->write_len = 0;
	for (uint32_t i = 0; i < ring->size && i < VHOST_CHAIN_DESCS_MAX; i++) {
		struct desc desc = desc_load(ring, index);

		if (desc.flags & VRING_DESC_F_INDIRECT) {
			if (!ring->indirect || desc.flags & VRING_DESC_F_NEXT)
				return -EINVAL;
			return read_indirect(memory, &desc, chain);
		}
		if (chain_add(chain, &desc) < 0)
			return -EINVAL;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
		if (desc.next >= ring->size)
			return -EINVAL;
		index = desc.next;
	}
	return -EINVAL; /* a loop */
}

void split_put_used(struct split *ring, uint16_t head, uint32_t len)
{
	struct vring_used_elem *elem = &ring->used->ring[ring->used_idx & (ring->size - 1)];

	elem->id = le32_make(head);
	elem->len = le32_make(len);
	ring->used_idx++;
}

bool split_publish(struct split *ring)
{
	uint16_t from = ring->used_published, to = ring->used_idx;

	le16_store_release(&ring->used->idx, to);
	ring->used_published = to;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!ring->event_idx)
		return !(le16_load(&ring->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
	/* 2.7.7.1: when used.idx has passed used_event. */
	return (uint16_t)(to - le16_load(used_event(ring)) - 1) < (uint16_t)(to - from);
}

uint16_t split_used_idx(const struct split *ring)
{
	return le16_load_acquire(&ring->used->idx);
}
