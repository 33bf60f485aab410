/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Inside the front-end's rings: what each format does its own way. */
#pragma once

#include "ring.h"
#include "wire.h"

struct ring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags; /* WRITE, INDIRECT */
};

struct ring_format {
	uint64_t (*desc_size)(unsigned n);
	uint64_t (*avail_size)(unsigned n); /* the driver's area */
	uint64_t (*used_size)(unsigned n);  /* the device's area */
	/* Both sides begin at this index, of as many entries as were ever there; the ring is empty and zeroed. */
	void (*start_at)(struct ring *ring, uint16_t index);
	/* An indirect table. */
	void (*table_fill)(struct ring *ring, uint64_t table, const struct ring_part *parts, unsigned n_parts);
	/* Writes a chain; ring->next links as many indices as it has descriptors, from head on. */
	void (*enter)(struct ring *ring, uint16_t head, const struct ring_desc *descs, unsigned n);
	void (*publish)(struct ring *ring);
	bool (*wants_kick)(struct ring *ring);
	bool (*has_used)(const struct ring *ring);
	/* The next used buffer, which is there. */
	struct ring_used (*take_used)(struct ring *ring);
	/* Whether the device says that it has taken all: with EVENT_IDX only. */
	bool (*all_taken)(const struct ring *ring);
	uint32_t (*base)(const struct ring *ring);
	uint32_t (*returned_base)(const struct ring *ring);
	void (*make_bad)(struct ring *ring);
};

extern const struct ring_format ring_split, ring_packed;

uint16_t ring_load16(const struct ring *ring, uint64_t addr);
void ring_store16(const struct ring *ring, uint64_t addr, uint16_t value);
