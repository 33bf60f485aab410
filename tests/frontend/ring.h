/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The driver's side of a ring, split or packed: adds chains of any layout, kicks, takes used buffers back, counts calls.
 *
 * A chain is given as parts (guest address, length, direction); the layout says how they become descriptors. What no
 * driver should do (loops, bad heads, wild indices) is done with the ring_desc_* and ring_publish_head functions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

#define RING_SIZE_MAX	 32768
#define RING_PARTS_MAX	 300
#define RING_SLOT_SIZE	 256 /* guest memory that goes with each head */
#define RING_SLOT_TABLE	 64  /* from here on it is used for an indirect table */
#define RING_TABLE_PARTS ((RING_SLOT_SIZE - RING_SLOT_TABLE) / 16)

struct ring_part {
	uint64_t addr;
	uint32_t len;
	bool write;
};

enum ring_layout {
	RING_DIRECT,
	RING_INDIRECT, /* one descriptor that refers to a table of all parts */
	RING_MIXED, /* the first part direct, the others in a table; a packed ring has no such chain: as RING_INDIRECT */
};

struct ring_used {
	uint32_t id;
	uint32_t len;
};

/* In-band notifications instead of fds. */
struct ring_inband {
	void *ctx;
	/* Sends a kick and waits until it is answered. */
	void (*kick)(void *ctx, unsigned index);
	/* Reads what came, and adds it to the calls and errors of the rings. */
	void (*receive)(void *ctx);
};

/* A place in a packed ring. */
struct ring_at {
	uint16_t index;
	bool wrap;
};

struct ring_format;

struct ring {
	struct memory *memory;
	const struct ring_format *format;
	unsigned size;
	unsigned index;			  /* of the ring in its device */
	const struct ring_inband *inband; /* NULL: by fds */
	uint64_t inband_errors;
	bool event_idx;			   /* VIRTIO_F_EVENT_IDX is negotiated */
	bool manual_event;		   /* the test sets used_event itself */
	bool direct_only;		   /* every layout is as RING_DIRECT */
	uint64_t desc, avail, used, slots; /* guest addresses: descriptors, driver area, device area, slots */
	uint64_t iova;			   /* what the device sees is guest addresses and this: a virtual IOMMU */
	int kick_fd, call_fd, err_fd;	   /* eventfds, owned */
	uint16_t avail_idx;		   /* next to add */
	uint16_t avail_published;
	uint16_t avail_kicked;		  /* avail_published at the last ring_notify() */
	uint16_t used_idx;		  /* next to reap */
	uint64_t calls;			  /* signals of call_fd read so far */
	struct ring_at avail_at, used_at; /* packed: the same, as places in the ring */
	uint16_t first_at, first_flags;	  /* packed: the first descriptor that is not published yet, and its flags */
	uint32_t n_unkicked;		  /* packed: descriptors published since the last ring_notify() */
	uint16_t *free;			  /* owned: stack of free descriptors */
	unsigned n_free;
	int32_t *next; /* owned: what ring_add() linked; -1 ends; -2 is not ours */
};

/* Lays out an empty split ring: the three areas in region 0, the slots in the last region. */
void ring_init(struct ring *ring, struct memory *memory, unsigned size);
/* Makes it an empty ring of this format, in the same place; both fit. */
void ring_set_packed(struct ring *ring, bool packed);
bool ring_is_packed(const struct ring *ring);
void ring_deinit(struct ring *ring);
/* An empty ring again in the same place: what a driver does at device reset. Indices 0, all descriptors free. */
void ring_reset(struct ring *ring);
/* The same, but both indices begin at this one. */
void ring_start_at(struct ring *ring, uint16_t index);
/* Other areas of the same size, with the same contents: a ring that moved. */
void ring_move(struct ring *ring);

/*
 * What GET_VRING_BASE answers when the device has taken all that was published and the driver all that was used; and
 * what SET_VRING_BASE says then.
 */
uint32_t ring_base(const struct ring *ring);
/* The same of an empty ring. */
uint32_t ring_first_base(const struct ring *ring);
/* What GET_VRING_BASE answers when the device has returned all that it took, but the driver took none of it back. */
uint32_t ring_returned_base(const struct ring *ring);
/* Publishes what makes no sense, so that the device must give the ring up. */
void ring_make_bad(struct ring *ring);

/* Guest memory for the data of a chain, by the head that the next ring_add() will use. */
uint64_t ring_next_slot(const struct ring *ring);
uint64_t ring_slot(const struct ring *ring, uint16_t head);

/* Makes the chain and puts its head in the available ring; the device sees it at ring_publish(). Returns the head. */
uint16_t ring_add(struct ring *ring, const struct ring_part *parts, unsigned n_parts, enum ring_layout layout);
void ring_publish(struct ring *ring);
/* Another eventfd to kick with, as QEMU has one for each start: no kick of before is in it. */
void ring_new_kick_fd(struct ring *ring);
/* Kicks if the device asked for it. Returns whether it did. */
bool ring_notify(struct ring *ring);
void ring_kick(struct ring *ring);

/* By hand, split rings only: takes n free descriptors (never given back by ring_reap()), writes one, publishes any head. */
void ring_desc_take(struct ring *ring, uint16_t *index, unsigned n);
void ring_desc_set(struct ring *ring, uint16_t index, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next);
void ring_publish_head(struct ring *ring, uint16_t head);
/* Moves avail.idx by that much, whatever is in the ring. */
void ring_skew_avail(struct ring *ring, uint16_t by);

/* Takes one used buffer back, if there is one. */
bool ring_reap(struct ring *ring, struct ring_used *used);
/* Waits for one. A failure at the time-out. */
struct ring_used ring_wait(struct ring *ring);
/* Waits until the device has taken all that was published; without EVENT_IDX it only gives it a little time. */
void ring_wait_taken(struct ring *ring);
/* Whether there is one. */
bool ring_has_used(const struct ring *ring);
/* Whether there is none for that long. */
bool ring_silent(struct ring *ring, int timeout_ms);

/* The fields of a split ring. */
uint16_t ring_used_idx(const struct ring *ring);
uint16_t ring_used_flags(const struct ring *ring);
uint16_t ring_avail_event(const struct ring *ring);
void ring_set_used_idx(struct ring *ring, uint16_t idx);
void ring_set_avail_flags(struct ring *ring, uint16_t flags);
void ring_set_used_event(struct ring *ring, uint16_t idx);

/* All signals of call_fd so far. */
uint64_t ring_calls(struct ring *ring);
/* Waits until there were that many; a failure at the time-out. */
void ring_wait_calls(struct ring *ring, uint64_t calls);
/* Whether err_fd was signalled within that time. */
bool ring_error(struct ring *ring, int timeout_ms);
