// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// A virtqueue as a driver has it, split (VIRTIO 1.4, 2.7) or packed (2.8), and as a hostile one has it: every field of it can
// be written.
#pragma once

#include "bus.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	DESC_NEXT = 1,
	DESC_WRITE = 2, // the device writes
	DESC_INDIRECT = 4,
	DESC_AVAIL = 1 << 7, // packed rings
	DESC_USED = 1 << 15,

	AVAIL_NO_INTERRUPT = 1,

	EVENTS_ENABLE = 0, // of struct packed_events
	EVENTS_DISABLE = 1,
	EVENTS_DESC = 2,

	RING_MAX = 1024,
	// How long an answer may take on a machine with much else to do; and how long a device is looked at that is not to answer.
	ANSWER_MS = 20000,
	SILENT_MS = 20,
};

struct split_descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

struct split_available {
	uint16_t flags, index;
	uint16_t heads[RING_MAX + 1]; // behind the last one: used_event
};

struct split_used {
	uint16_t flags, index;
	struct {
		uint32_t id, length;
	} chains[RING_MAX]; // behind the last one: avail_event
};

struct packed_descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t id, flags;
};

struct packed_events {
	uint16_t place, flags;
};

struct ring {
	unsigned index; // of the queue
	uint16_t size;
	bool packed;
	// The one or the other.
	volatile struct split_descriptor *table;
	volatile struct split_available *available;
	volatile struct split_used *used;
	volatile struct packed_descriptor *descriptors;
	volatile struct packed_events *driver_events, *device_events;
	// Where the driver is: the next available entry, the next used one, and the wrap counters of packed rings.
	uint16_t next, used_next;
	bool wrap, used_wrap;
	uint8_t pieces[RING_MAX]; // of a chain, by its head (split) or id (packed); 0 is none
	uint16_t owner[RING_MAX]; // of a descriptor in use, its chain's head + 1; 0 is free
	uint16_t chain_first;	  // of the last chain written: its head or id,
	uint16_t chain_at;	  // and of a packed one, where it begins
	uint16_t chain_flags;	  // and the flags that make it available
};

// One descriptor's worth of a chain. DESC_NEXT comes by itself, where another piece follows.
struct piece {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
};

// A chain that came back.
struct taken {
	uint32_t id, length;
};

// Makes the memory of a ring of that size; nothing is said to the device.
void ring_make(struct ring *ring, unsigned index, uint16_t size, bool packed);
struct queue_place ring_place(const struct ring *ring);

// A chain is written into free descriptors, and is not available yet; its id.
uint16_t ring_write(struct ring *ring, const struct piece *pieces, unsigned count);
// That chain is made available.
void ring_expose(struct ring *ring);
// Both, and the device is told.
uint16_t ring_send(struct ring *ring, const struct piece *pieces, unsigned count);

void ring_kick(const struct ring *ring);

// Whether a chain has come back, or comes in so many ms.
bool ring_returned(const struct ring *ring);
bool ring_take(struct ring *ring, struct taken *taken, unsigned ms);

// The raw descriptor in that place of the table or the ring, whatever the driver is at. next is of split rings; of packed ones
// the flags are to say whether it is available: ring_available() of them.
void ring_poke(struct ring *ring, uint16_t at, const struct piece *piece, uint16_t next);
uint16_t ring_available(const struct ring *ring);
