/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The packed ring, device side. */
#include "vhost/ring/packed.h"

#include <errno.h>

#include "vhost/state/inflight_packed.h"

#define WRAP_BIT   0x8000u
#define INDEX_MASK 0x7fffu

/* A cursor as it is written down: index in bits 0 to 14, wrap counter in bit 15. */
static uint16_t cursor_encode(struct packed_cursor cursor)
{
	return cursor.index | (cursor.wrap ? WRAP_BIT : 0);
}

static struct packed_cursor cursor_decode(uint16_t encoded)
{
	return (struct packed_cursor){ encoded & INDEX_MASK, encoded & WRAP_BIT };
}

/* n descriptors further on, n up to size. */
static struct packed_cursor cursor_add(struct packed_cursor cursor, uint16_t size, uint32_t n)
{
	uint32_t index = cursor.index + n;

	if (index >= size)
		return (struct packed_cursor){ index - size, !cursor.wrap };
	return (struct packed_cursor){ index, cursor.wrap };
}

/* How far b is ahead of a, up to size; -EINVAL. */
static int cursor_distance(struct packed_cursor a, struct packed_cursor b, uint16_t size)
{
	int n = b.index - a.index + (a.wrap != b.wrap ? size : 0);

	return n < 0 || n > size ? -EINVAL : n;
}

/* 2.8.1: available is AVAIL == wrap counter != USED; used is AVAIL == USED == wrap counter. */
static bool flags_are_available(uint16_t flags, bool wrap)
{
	bool avail = flags & VRING_PACKED_DESC_F_AVAIL, used = flags & VRING_PACKED_DESC_F_USED;

	return avail == wrap && used != wrap;
}

static uint16_t flags_of_used(bool wrap)
{
	return wrap ? VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED : 0;
}

static bool packed_size_valid(uint32_t size)
{
	return size > 0 && size <= VRING_SIZE_MAX;
}

static int packed_resolve(struct ring *ring, struct memory *memory, const struct session_ring_layout *layout)
{
	struct packed *packed = &ring->packed;
	const size_t desc_size = sizeof(*packed->desc), event_size = sizeof(*packed->device);

	/* 2.8.10.1: 16n bytes aligned to 16, and two structures of 4 aligned to 4. */
	packed->desc = memory_resolve(memory, (struct user_addr){ layout->desc }, desc_size * layout->size, 16,
				      IOTLB_READ | IOTLB_WRITE);
	packed->driver = memory_resolve(memory, (struct user_addr){ layout->avail }, event_size, 4, IOTLB_READ);
	packed->device =
		memory_resolve(memory, (struct user_addr){ layout->used }, event_size, 4, IOTLB_READ | IOTLB_WRITE);
	if (!packed->desc || !packed->driver || !packed->device)
		return -EFAULT;
	ring->desc = packed->desc;
	ring->written = packed->device;
	ring->driver = packed->driver;
	ring->size = layout->size;
	return 0;
}

/* Each field once, the flags first: what was written before them is there. */
static struct inflight_packed_desc desc_load(const struct ring *ring, uint16_t index)
{
	const volatile struct vring_packed_desc *p = &ring->packed.desc[index];
	struct inflight_packed_desc desc = { .flags = le16_load_acquire(&ring->packed.desc[index].flags) };

	desc.addr = le64toh(p->addr.raw);
	desc.len = le32toh(p->len.raw);
	desc.id = le16toh(p->id.raw);
	return desc;
}

static bool is_available(const struct ring *ring, struct packed_cursor cursor)
{
	return flags_are_available(le16_load_acquire(&ring->packed.desc[cursor.index].flags), cursor.wrap);
}

/* 2.8.7 "Indirect Flag": a table of descriptors in sequence, of whose flags only WRITE counts. */
static int read_indirect(struct memory *memory, const struct inflight_packed_desc *table, struct vhost_chain *chain)
{
	uint32_t n = indirect_entries(table->len);

	if (n == 0 || n > VHOST_CHAIN_DESCS_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++) {
		struct vring_packed_desc wire;
		int r = indirect_read(memory, table->addr, i, &wire);

		if (r < 0)
			return r;
		if (chain_add(chain, le64_get(wire.addr), le32_get(wire.len),
			      le16_get(wire.flags) & VRING_DESC_F_WRITE) < 0)
			return -EINVAL;
	}
	return 0;
}

/*
 * The chain as its descriptors were copied into the in-flight region. A table is a chain of its own: neither NEXT with
 * INDIRECT nor INDIRECT in a list (2.8.19).
 */
static int packed_reread(struct ring *ring, struct memory *memory, uint16_t head, struct vhost_chain *chain)
{
	const struct inflight_packed *region = ring->inflight;
	struct inflight_packed_chain taken;
	uint16_t at = head;

	chain_init(chain, head);
	if (!inflight_packed_get(region, ring->size, head, &taken) || taken.num > VHOST_CHAIN_DESCS_MAX)
		return -EINVAL;
	for (uint16_t i = 0; i < taken.num; i++) {
		struct inflight_packed_desc desc;

		if (at >= ring->size)
			return -EINVAL;
		desc = *(const volatile struct inflight_packed_desc *)&region->desc[at];
		if (desc.flags & VRING_DESC_F_INDIRECT)
			return ring->indirect && taken.num == 1 ? read_indirect(memory, &desc, chain) : -EINVAL;
		if (chain_add(chain, desc.addr, desc.len, desc.flags & VRING_DESC_F_WRITE) < 0)
			return -EINVAL;
		at = desc.next;
	}
	return 0;
}

/* 2.8.6 "Next Flag": the descriptors of a list follow each other in the ring; the buffer's id is in the last. */
static int packed_next(struct ring *ring, struct memory *memory, struct vhost_chain *chain)
{
	struct packed_cursor at = ring->packed.next_avail;
	struct inflight_packed_desc desc = desc_load(ring, at.index);
	struct inflight_packed_chain taken;
	int r;

	if (!flags_are_available(desc.flags, at.wrap))
		return 0;
	inflight_packed_begin(ring->inflight, &taken);
	while (inflight_packed_add(ring->inflight, ring->size, &taken, &desc)) {
		at = cursor_add(at, ring->size, 1);
		if (!(desc.flags & VRING_DESC_F_NEXT)) {
			inflight_packed_take(ring->inflight, &taken, ring->taken++);
			ring->packed.next_avail = at;
			r = packed_reread(ring, memory, taken.head, chain);
			return r < 0 ? r : 1;
		}
		desc = desc_load(ring, at.index);
	}
	ring->why = "more descriptors available than the ring has";
	return -EIO;
}

/*
 * 2.8.14. It is written without EVENT_IDX, too, where it means nothing to the driver: it shows that the ring has
 * been used, see packed_looks_new().
 */
static void place_write(struct ring *ring)
{
	struct packed *packed = &ring->packed;

	packed->armed = cursor_encode(packed->next_avail);
	le16_store_release(&packed->device->off_wrap, packed->armed);
	dirty_log_mark_ring(&ring->log, 0, sizeof(*packed->device));
}

static bool packed_has_next(const struct ring *ring)
{
	return is_available(ring, ring->packed.next_avail);
}

static bool packed_arm_kick(struct ring *ring)
{
	place_write(ring);
	if (ring->event_idx)
		le16_store_release(&ring->packed.device->flags, VRING_PACKED_EVENT_F_DESC);
	else if (ring->disarmed)
		le16_store_release(&ring->packed.device->flags, VRING_PACKED_EVENT_F_ENABLE);
	ring->disarmed = false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return packed_has_next(ring);
}

/* This place stays there for as long as nobody is asked for a kick, which is what a fingerprint is then. */
static void packed_disarm_kick(struct ring *ring)
{
	place_write(ring);
	le16_store_release(&ring->packed.device->flags, VRING_PACKED_EVENT_F_DISABLE);
	ring->disarmed = true;
}

/* Each chain is the driver's at once: see inflight_packed.h. */
static void packed_put(struct ring *ring, uint16_t head, uint32_t len)
{
	struct packed *packed = &ring->packed;
	struct vring_packed_desc *desc = &packed->desc[packed->next_used.index];
	struct inflight_packed_chain chain;
	struct packed_cursor next;

	if (!inflight_packed_get(ring->inflight, ring->size, head, &chain))
		return;
	next = cursor_add(packed->next_used, ring->size, chain.num);
	inflight_packed_return(ring->inflight, &chain, next.index, next.wrap);
	desc->id = le16_make(chain.id);
	desc->len = le32_make(len);
	le16_store_release(&desc->flags, flags_of_used(packed->next_used.wrap) | (len > 0 ? VRING_DESC_F_WRITE : 0));
	dirty_log_mark_desc(&ring->log, packed->next_used.index * sizeof(*desc), sizeof(*desc));
	inflight_packed_returned(ring->inflight, &chain);
	packed->next_used = next;
	packed->unsignalled += chain.num;
	if (packed->unsignalled > ring->size)
		packed->unsignalled = ring->size;
}

/* 2.8.14.1: whether the place that the driver named is among the last n used descriptors. */
static bool event_passed(const struct ring *ring, uint16_t off_wrap, uint32_t n)
{
	struct packed_cursor event = cursor_decode(off_wrap), to = ring->packed.next_used;
	int behind = to.index - event.index + (event.wrap != to.wrap ? ring->size : 0);

	return behind > 0 && (uint32_t)behind <= n;
}

static bool packed_publish(struct ring *ring)
{
	const struct vring_packed_event *driver = ring->packed.driver;
	uint32_t n = ring->packed.unsignalled;
	uint16_t flags;

	if (n == 0)
		return false;
	ring->packed.unsignalled = 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flags = le16_load_acquire(&driver->flags) & VRING_PACKED_EVENT_F_MASK;
	if (flags == VRING_PACKED_EVENT_F_DISABLE)
		return false;
	if (flags == VRING_PACKED_EVENT_F_DESC && ring->event_idx)
		return event_passed(ring, le16_load(&driver->off_wrap), n);
	return true;
}

/* Whether the descriptor that was being returned when the process died is the driver's. */
static bool old_used_is_published(const struct ring *ring, union inflight_packed_used used)
{
	const struct packed_cursor old = { used.old_idx, used.old_wrap_counter };

	return !is_available(ring, old);
}

/* The region may be in the front-end's hand: one copy is checked and used. False: it is invalid. */
static bool used_load(const struct ring *ring, union inflight_packed_used *used)
{
	const struct inflight_packed *region = ring->inflight;

	used->word = *(const volatile uint64_t *)&region->used.word;
	return used->idx < ring->size && used->wrap_counter <= 1 && used->old_idx < ring->size &&
	       used->old_wrap_counter <= 1;
}

static int packed_recover(struct ring *ring, bool stopped, uint16_t lag, uint16_t *heads)
{
	struct inflight_packed *region = ring->inflight;
	struct packed *packed = &ring->packed;
	union inflight_packed_used used;
	uint32_t n_descs;
	uint16_t n;

	if (!used_load(ring, &used))
		return -EIO;
	if (stopped && inflight_packed_is_returning(region))
		return -EIO;
	inflight_packed_recover(region, ring->size, old_used_is_published(ring, used));
	n = inflight_packed_collect(region, ring->size, heads, &n_descs);
	if (n_descs + lag > ring->size || !used_load(ring, &used))
		return -EIO;
	if (n > 0)
		ring->taken = region->desc[heads[n - 1]].counter + 1;
	packed->next_used = (struct packed_cursor){ used.idx, used.wrap_counter };
	packed->next_avail = cursor_add(packed->next_used, ring->size, n_descs + lag);
	packed->unsignalled = 0;
	packed->armed = le16_load(&packed->device->off_wrap);
	return n;
}

static bool slot_0_was_used(const struct ring *ring)
{
	return le16_load(&ring->packed.desc[0].flags) & VRING_PACKED_DESC_F_USED;
}

static bool memory_is_new(const struct ring *ring)
{
	const struct vring_packed_event *device = ring->packed.device;

	return le16_load(&device->off_wrap) == 0 && le16_load(&device->flags) == 0 && !slot_0_was_used(ring);
}

/*
 * A ring comes by its first place once in two laps, so that says little. But a reset leaves zeroes where we wrote when
 * to be kicked (packed_arm_kick), and descriptors that are at most available for the first lap. Where the ring lies
 * does not matter: what we wrote moves with it.
 */
static bool packed_looks_new(const struct ring *ring, bool moved)
{
	const struct packed *packed = &ring->packed;

	if (packed->next_avail.index != 0 || packed->next_used.index != 0 ||
	    packed->next_avail.wrap != packed->next_used.wrap)
		return false;
	return memory_is_new(ring);
}

/* A place in the ring says nothing, and nothing in flight neither: after a reset the driver is at the start again. */
static bool packed_is_behind_driver(const struct ring *ring)
{
	return !memory_is_new(ring);
}

static uint32_t packed_position(const struct ring *ring)
{
	return cursor_encode(ring->packed.next_avail) | (uint32_t)cursor_encode(ring->packed.next_used) << 16;
}

/* Nothing in a packed ring's memory tells the front-end where it was used: it knows exactly, or from its driver. */
static bool packed_base_fits(const struct ring *ring, uint32_t base)
{
	uint32_t used = cursor_encode(ring->packed.next_used);

	return base == packed_position(ring) || base == (used | used << 16);
}

static uint32_t packed_fingerprint(const struct ring *ring)
{
	return ring->packed.armed;
}

/*
 * What the driver offered is in its place until used descriptors are written over it, in that order: whatever was taken
 * and not used stands there yet. A fresh ring has nothing there, and nothing where we wrote when to be kicked.
 */
static int packed_recognize(const struct ring *ring, uint32_t fingerprint)
{
	const struct packed *packed = &ring->packed;
	const struct packed_cursor start = { 0, true };
	int held = cursor_distance(packed->next_used, packed->next_avail, ring->size);

	if (le16_load(&packed->device->off_wrap) != fingerprint)
		return -EIO;
	for (int i = 0; i < held; i++) {
		if (!is_available(ring, cursor_add(packed->next_used, ring->size, i)))
			return -EIO;
	}
	return cursor_distance(start, packed->next_used, ring->size) != 0 && !memory_is_new(ring);
}

/*
 * 0 would be a ring in its second lap, or fourth. But it is also what a front-end says that knows the split ring only,
 * as virtio_uml of Linux, of a ring in its first: then no descriptor has been used in slot 0.
 */
static int packed_begin(struct ring *ring, uint32_t position)
{
	struct packed *packed = &ring->packed;
	int lag;

	packed->next_avail = cursor_decode(position);
	packed->next_used = cursor_decode(position >> 16);
	if (packed->next_avail.index >= ring->size || packed->next_used.index >= ring->size)
		return -EINVAL;
	if (position == 0 && !slot_0_was_used(ring))
		packed->next_avail.wrap = packed->next_used.wrap = true;
	lag = cursor_distance(packed->next_used, packed->next_avail, ring->size);
	if (lag < 0)
		return lag;
	packed->unsignalled = 0;
	inflight_packed_reset(ring->inflight, ring->size, packed->next_used.index, packed->next_used.wrap);
	le16_store_release(&packed->device->flags, VRING_PACKED_EVENT_F_ENABLE);
	packed->armed = cursor_encode(packed->next_avail);
	le16_store_release(&packed->device->off_wrap, packed->armed);
	dirty_log_mark_ring(&ring->log, 0, sizeof(*packed->device));
	return lag;
}

const struct ring_ops packed_ops = {
	.name = "packed",
	.put_publishes = true,
	.size_rule = "ring size not in 1 to 32768",
	.size_valid = packed_size_valid,
	.avail_align = 4,
	.position_mask = UINT32_MAX,
	.position_of_new = WRAP_BIT << 16 | WRAP_BIT,
	.inflight_size = inflight_packed_size,
	.resolve = packed_resolve,
	.recover = packed_recover,
	.is_behind_driver = packed_is_behind_driver,
	.looks_new = packed_looks_new,
	.begin = packed_begin,
	.position = packed_position,
	.base_fits = packed_base_fits,
	.fingerprint = packed_fingerprint,
	.recognize = packed_recognize,
	.next = packed_next,
	.reread = packed_reread,
	.arm_kick = packed_arm_kick,
	.disarm_kick = packed_disarm_kick,
	.has_next = packed_has_next,
	.put = packed_put,
	.publish = packed_publish,
};
