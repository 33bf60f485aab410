/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The split ring, device side. */
#include "vhost/ring/split.h"

#include <errno.h>

#include "vhost/state/inflight.h"

/* used_event: behind the available ring's entries (2.7.7). */
static const struct le16 *used_event(const struct ring *ring)
{
	return &ring->split.avail->ring[ring->size];
}

/* avail_event: behind the used ring's entries (2.7.10). */
static struct le16 *avail_event(const struct ring *ring)
{
	return (struct le16 *)&ring->split.used->ring[ring->size];
}

/* In the dirty log: what was written in the used ring. */
static void log_used(const struct ring *ring, const void *written, size_t len)
{
	dirty_log_mark_ring(&ring->log, (const char *)written - (const char *)ring->split.used, len);
}

static bool split_size_valid(uint32_t size)
{
	return size > 0 && size <= VRING_SIZE_MAX && (size & (size - 1)) == 0;
}

static int split_resolve(struct ring *ring, struct memory *memory, const struct session_ring_layout *layout)
{
	struct split *split = &ring->split;
	size_t n = layout->size;

	/* 2.7: 16n bytes aligned to 16, 6 + 2n to 2, 6 + 8n to 4. */
	split->desc = memory_resolve(memory, (struct user_addr){ layout->desc }, 16 * n, 16, IOTLB_READ);
	split->avail = memory_resolve(memory, (struct user_addr){ layout->avail }, 6 + 2 * n, 2, IOTLB_READ);
	split->used =
		memory_resolve(memory, (struct user_addr){ layout->used }, 6 + 8 * n, 4, IOTLB_READ | IOTLB_WRITE);
	if (!split->desc || !split->avail || !split->used)
		return -EFAULT;
	ring->desc = split->desc;
	ring->written = split->used;
	ring->driver = split->avail;
	ring->size = n;
	return 0;
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

static struct desc desc_load(const struct ring *ring, uint16_t index)
{
	const volatile struct vring_desc *p = &ring->split.desc[index];
	struct vring_desc copy = {
		.addr.raw = p->addr.raw, .len.raw = p->len.raw, .flags.raw = p->flags.raw, .next.raw = p->next.raw
	};

	return desc_from_wire(&copy);
}

static int desc_add(struct vhost_chain *chain, const struct desc *desc)
{
	return chain_add(chain, desc->addr, desc->len, desc->flags & VRING_DESC_F_WRITE);
}

/* 2.7.5.3 "Indirect Descriptors": the rest of the chain is a table in guest memory, linked as the ring's own is. */
static int read_indirect(struct memory *memory, const struct desc *table, struct vhost_chain *chain)
{
	uint32_t n = indirect_entries(table->len);
	uint32_t index = 0;

	for (uint32_t i = 0; i < n && i < VHOST_CHAIN_DESCS_MAX; i++) {
		struct vring_desc wire;
		struct desc desc;
		int r;

		r = indirect_read(memory, table->addr, index, &wire);
		if (r < 0)
			return r;
		desc = desc_from_wire(&wire);
		if (desc.flags & VRING_DESC_F_INDIRECT || desc_add(chain, &desc) < 0)
			return -EINVAL;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
		if (desc.next >= n)
			return -EINVAL;
		index = desc.next;
	}
	return -EINVAL; /* no entry; as many steps as entries and no end: a loop; or too many descriptors */
}

/* The head is below the ring's size. */
static int split_read_chain(struct ring *ring, struct memory *memory, uint16_t head, struct vhost_chain *chain)
{
	uint16_t index = head;

	chain_init(chain, head);
	for (uint32_t i = 0; i < ring->size && i < VHOST_CHAIN_DESCS_MAX; i++) {
		struct desc desc = desc_load(ring, index);

		if (desc.flags & VRING_DESC_F_INDIRECT) {
			if (!ring->indirect || desc.flags & VRING_DESC_F_NEXT)
				return -EINVAL;
			return read_indirect(memory, &desc, chain);
		}
		if (desc_add(chain, &desc) < 0)
			return -EINVAL;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
		if (desc.next >= ring->size)
			return -EINVAL;
		index = desc.next;
	}
	return -EINVAL; /* a loop */
}

static int split_broken(struct ring *ring, const char *why)
{
	ring->why = why;
	return -EIO;
}

static int split_next(struct ring *ring, struct memory *memory, struct vhost_chain *chain)
{
	struct split *split = &ring->split;
	uint16_t waiting = le16_load_acquire(&split->avail->idx) - split->next_avail;
	uint16_t head;
	int r;

	if (waiting == 0)
		return 0;
	if (waiting > ring->size)
		return split_broken(ring, "available index ahead by more than the ring size");
	head = le16_load(&split->avail->ring[split->next_avail & (ring->size - 1)]);
	if (head >= ring->size)
		return split_broken(ring, "available head out of range");
	if (!inflight_take(ring->inflight, head, ring->taken++))
		return split_broken(ring, "available head is still in flight");
	split->next_avail++;
	r = split_read_chain(ring, memory, head, chain);
	return r < 0 ? r : 1;
}

static bool split_has_next(const struct ring *ring)
{
	return le16_load_acquire(&ring->split.avail->idx) != ring->split.next_avail;
}

static void avail_event_set(struct ring *ring, uint16_t idx)
{
	le16_store_release(avail_event(ring), idx);
	log_used(ring, avail_event(ring), sizeof(struct le16));
}

static void used_flags_set(struct ring *ring, uint16_t flags)
{
	le16_store_release(&ring->split.used->flags, flags);
	log_used(ring, &ring->split.used->flags, sizeof(struct le16));
}

/* With EVENT_IDX used.flags stays 0 (2.7.10). */
static bool split_arm_kick(struct ring *ring)
{
	if (ring->event_idx)
		avail_event_set(ring, ring->split.next_avail);
	else if (ring->disarmed)
		used_flags_set(ring, 0);
	ring->disarmed = false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return split_has_next(ring);
}

/* With EVENT_IDX the driver kicks when it comes by a place: one that it has come by lasts for 65535 chains. */
static void split_disarm_kick(struct ring *ring)
{
	if (ring->event_idx)
		avail_event_set(ring, (uint16_t)(ring->split.next_avail - 1));
	else
		used_flags_set(ring, VRING_USED_F_NO_NOTIFY);
	ring->disarmed = true;
}

/* The driver does not see it before it is published. */
static void split_put(struct ring *ring, uint16_t head, uint32_t len)
{
	struct vring_used_elem *elem = &ring->split.used->ring[ring->split.used_idx & (ring->size - 1)];

	if (head >= ring->size || !inflight_has(ring->inflight, head))
		return;
	inflight_batch_add(ring->inflight, head);
	elem->id = le32_make(head);
	elem->len = le32_make(len);
	log_used(ring, elem, sizeof(*elem));
	ring->split.used_idx++;
}

static bool split_publish(struct ring *ring)
{
	struct split *split = &ring->split;
	uint16_t from = split->used_published, to = split->used_idx;

	if (from == to)
		return false;
	le16_store_release(&split->used->idx, to);
	log_used(ring, &split->used->idx, sizeof(split->used->idx));
	split->used_published = to;
	inflight_batch_commit(ring->inflight, ring->size, to);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!ring->event_idx)
		return !(le16_load(&split->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
	/* 2.7.7.1: when used.idx has passed used_event. */
	return (uint16_t)(to - le16_load(used_event(ring)) - 1) < (uint16_t)(to - from);
}

/* The used index in memory must be the one that we published. */
static int split_recover(struct ring *ring, bool stopped, uint16_t lag, uint16_t *heads)
{
	struct inflight *inflight = ring->inflight;
	uint16_t used_idx = le16_load_acquire(&ring->split.used->idx), n;

	if ((uint16_t)(used_idx - inflight->used_idx) > ring->size)
		return -EIO;
	/* Only a crash leaves the region's index behind the ring's. */
	if (stopped && used_idx != inflight->used_idx)
		return -EIO;
	inflight_batch_commit(inflight, ring->size, used_idx);
	n = inflight_collect(inflight, ring->size, heads);
	if (n > 0)
		ring->taken = inflight->desc[heads[n - 1]].counter + 1;
	ring->split.next_avail = used_idx + n + lag;
	ring->split.used_idx = ring->split.used_published = used_idx;
	return n;
}

static bool split_is_behind_driver(const struct ring *ring)
{
	uint16_t waiting = le16_load_acquire(&ring->split.avail->idx) - ring->split.next_avail;

	return waiting <= ring->size;
}

/*
 * 0 is what a reset gives, so it is believed to be a resume only with the old layout; the one case in 65536 that stays
 * ambiguous is a ring that wrapped to 0 just then.
 */
static bool split_looks_new(const struct ring *ring, bool moved)
{
	return ring->split.next_avail == 0 && moved;
}

/* The used index is the one in memory. */
static int split_begin(struct ring *ring, uint32_t position)
{
	struct split *split = &ring->split;

	split->next_avail = position;
	split->used_idx = split->used_published = le16_load_acquire(&split->used->idx);
	inflight_reset(ring->inflight, ring->size, split->used_idx);
	return (uint16_t)(split->next_avail - split->used_idx);
}

static uint32_t split_position(const struct ring *ring)
{
	return ring->split.next_avail;
}

static bool split_base_fits(const struct ring *ring, uint32_t base)
{
	const struct split *split = &ring->split;
	uint16_t behind = split->next_avail - (uint16_t)base;

	return behind <= ring->size && (base != 0 || split->next_avail == 0 || split->used_published == 0);
}

static uint32_t split_fingerprint(const struct ring *ring)
{
	return ring->split.used_published;
}

/* A fresh ring's indices are 0; what is available and not used has at least a descriptor each. */
static int split_recognize(const struct ring *ring, uint32_t fingerprint)
{
	const struct split *split = &ring->split;
	uint16_t held = split->next_avail - split->used_published;
	uint16_t offered = le16_load_acquire(&split->avail->idx) - split->used_published;

	if (fingerprint != split->used_published || offered > ring->size || offered < held)
		return -EIO;
	return fingerprint != 0;
}

const struct ring_ops split_ops = {
	.name = "split",
	.size_rule = "ring size not a power of two up to 32768",
	.size_valid = split_size_valid,
	.avail_align = 2,
	.position_mask = UINT16_MAX,
	.position_of_new = 0,
	.inflight_size = inflight_size,
	.resolve = split_resolve,
	.recover = split_recover,
	.is_behind_driver = split_is_behind_driver,
	.looks_new = split_looks_new,
	.begin = split_begin,
	.position = split_position,
	.base_fits = split_base_fits,
	.fingerprint = split_fingerprint,
	.recognize = split_recognize,
	.next = split_next,
	.reread = split_read_chain,
	.arm_kick = split_arm_kick,
	.disarm_kick = split_disarm_kick,
	.has_next = split_has_next,
	.put = split_put,
	.publish = split_publish,
};
