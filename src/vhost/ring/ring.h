/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A ring, device side, in either format: what split and packed share, and the table of what each does its own way.
 *
 * Ring memory is shared with the guest: every field is read once into a local, the copy checked. What this side
 * publishes is kept in a copy of our own. A ring keeps its in-flight region, too: which store comes before which is a
 * matter of the format.
 *
 * A chain is named by its head: in a split ring the index of its first descriptor, in a packed one the index of its
 * entry in the in-flight region (a packed ring has nothing else that stays in place while a chain is in flight).
 *
 * A position is what SET_VRING_BASE and GET_VRING_BASE carry (vhost-user.rst, "Vring descriptor index for split
 * virtqueues", "Vring descriptor indices for packed virtqueues").
 */
#pragma once

#include "vhost/memory/dirty_log.h"
#include "vhost/memory/memory.h"
#include "vhost/vhost.h"
#include "vhost/wire.h"

struct ring_ops;

/* The state of a split ring; its size is a power of two. */
struct split {
	const struct vring_desc *desc;
	const struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next_avail;
	uint16_t used_idx;	 /* entries written, published or not */
	uint16_t used_published; /* what used.idx in the ring says */
};

/* An index into a packed ring, with the wrap counter that descriptors there have in this lap (VirtIO 1.3, 2.8.1). */
struct packed_cursor {
	uint16_t index; /* below the ring's size */
	bool wrap;
};

/* The state of a packed ring. */
struct packed {
	struct vring_packed_desc *desc;
	const struct vring_packed_event *driver; /* when the driver wants to be called */
	struct vring_packed_event *device;	 /* when we want to be kicked */
	struct packed_cursor next_avail;
	struct packed_cursor next_used;
	uint16_t armed;	      /* what stands in our event suppression structure, as we wrote it last */
	uint32_t unsignalled; /* descriptors used since the last publish(); stops at the ring's size */
};

struct ring {
	const struct ring_ops *ops;
	uint16_t size; /* at most VRING_SIZE_MAX */
	bool event_idx;
	bool indirect;
	bool disarmed;		    /* memory may say that no kick is wanted, ours or what a process left that died */
	void *inflight;		    /* the in-flight region, in the format of the ring */
	uint64_t taken;		    /* its counter */
	const char *why;	    /* of the last -EIO */
	const void *desc, *written; /* the descriptors; the area that only the device writes */
	const void *driver;	    /* the area that only the driver writes */
	struct dirty_log_ring log;
	union {
		struct split split;
		struct packed packed;
	};
};

struct ring_ops {
	const char *name;
	const char *size_rule; /* in words */
	bool put_publishes;    /* what was put is the driver's at once */
	bool (*size_valid)(uint32_t size);
	uint16_t avail_align;	  /* of the driver area; descriptors are aligned to 16, the device area to 4 */
	uint32_t position_mask;	  /* the other bits are reserved */
	uint32_t position_of_new; /* of a ring that nobody used yet */
	size_t (*inflight_size)(uint32_t n); /* bytes of an in-flight region for n descriptors */

	/* Resolves the three areas. -EFAULT: not all of them lie in guest memory. */
	int (*resolve)(struct ring *ring, struct memory *memory, const struct session_ring_layout *layout);

	/*
	 * Takes up the ring from its in-flight region: finishes what a crash interrupted, sets the indices, and writes
	 * the heads in flight, in the order in which they were taken, to heads (space for the ring's size). lag is what
	 * begin() returned. Returns how many; -EIO: this is not the ring that the region tells of. stopped: the last
	 * run ended in good order, so there can be nothing to finish.
	 */
	int (*recover)(struct ring *ring, bool stopped, uint16_t lag, uint16_t *heads);
	/* After recover(): whether the driver made available what then was taken. */
	bool (*is_behind_driver)(const struct ring *ring);
	/*
	 * After recover(): whether a ring that a reset left would look just like this one, which has moved in memory or
	 * has not.
	 */
	bool (*looks_new)(const struct ring *ring, bool moved);
	/*
	 * Starts afresh at this position, with nothing in flight. Returns how many entries are between what is used and
	 * what is available: the lag; -EINVAL: the position is invalid.
	 */
	int (*begin)(struct ring *ring, uint32_t position);
	uint32_t (*position)(const struct ring *ring);
	/*
	 * Whether a front-end whose back-end went may take this for the position: it could not ask, and goes by
	 * what was used (QEMU), perhaps a moment before we stopped. Never that of a new ring, unless it may be.
	 */
	bool (*base_fits)(const struct ring *ring, uint32_t base);
	/* What stands in memory and only this side writes: by which a front-end that reconnects is recognized. */
	uint32_t (*fingerprint)(const struct ring *ring);
	/*
	 * After recover(): whether memory shows the ring that had this fingerprint, and no fresh one that a reset left.
	 * 1: it does; 0: both would look like this; -EIO: it is another one.
	 */
	int (*recognize)(const struct ring *ring, uint32_t fingerprint);

	/*
	 * Takes the next chain. 1: it is read; 0: none; -EINVAL: it is taken, but malformed; -EIO: the ring is broken,
	 * see why; -EAGAIN: it is taken, but a translation is missing: reread() is to be tried later.
	 */
	int (*next)(struct ring *ring, struct memory *memory, struct vhost_chain *chain);
	/* Reads a chain that is in flight once more. 0; -EINVAL: malformed; -EAGAIN: as next(). */
	int (*reread)(struct ring *ring, struct memory *memory, uint16_t head, struct vhost_chain *chain);
	/* Asks for a kick at the next chain. True when one has come meanwhile, which is then to be taken without. */
	bool (*arm_kick)(struct ring *ring);
	/* Asks for none until arm_kick(), which is to be called before nobody looks at the ring any more. */
	void (*disarm_kick)(struct ring *ring);
	/* Whether next() would find something. */
	bool (*has_next)(const struct ring *ring);
	/* Returns a chain. Nothing happens when it is not in flight. */
	void (*put)(struct ring *ring, uint16_t head, uint32_t len);
	/* All that was put is the driver's now. True when it wants to be called. */
	bool (*publish)(struct ring *ring);
};

/* A ring of this format and with these negotiated features, without memory. */
void ring_init(struct ring *ring, const struct ring_ops *ops, uint64_t features, void *inflight);

/* Building a chain from descriptors. All of it is bounded by VHOST_CHAIN_DESCS_MAX and _SEGMENTS_MAX. */
static inline void chain_init(struct vhost_chain *chain, uint16_t head)
{
	chain->head = head;
	chain->n_read = chain->n_write = 0;
	chain->read_len = chain->write_len = 0;
}

/*
 * Adds a data descriptor: readable ones first, empty ones left out, the sum below 2^32 (VirtIO 1.3, 2.7.5; 2.8.5).
 * -EINVAL: it breaks a rule.
 */
int chain_add(struct vhost_chain *chain, uint64_t addr, uint32_t len, bool write);
/* Copies an entry of an indirect table, 16 bytes. -EINVAL: not in guest memory; -EAGAIN: not translated yet. */
int indirect_read(struct memory *memory, uint64_t table, uint32_t index, void *entry);
/* The entries of an indirect table of this length, 0: it is invalid. */
uint32_t indirect_entries(uint32_t len);

/* Accesses to fields that the guest looks at meanwhile. */
static inline uint16_t le16_load(const struct le16 *p)
{
	return le16toh(__atomic_load_n(&p->raw, __ATOMIC_RELAXED));
}

static inline uint16_t le16_load_acquire(const struct le16 *p)
{
	return le16toh(__atomic_load_n(&p->raw, __ATOMIC_ACQUIRE));
}

static inline void le16_store_release(struct le16 *p, uint16_t v)
{
	__atomic_store_n(&p->raw, htole16(v), __ATOMIC_RELEASE);
}
