/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A driver that does as Zephyr's does: a request ring of two entries, an event ring that all lines together fill, one
 * request and one event buffer a line at places of their own that are used again uncleared, no EVENT_IDX and no
 * indirect descriptors, a kick with each chain, used buffers taken in the interrupt handler only, which re-arms.
 */
#pragma once

#include "session.h"

#define ZEPHYR_LINES  8
#define ZEPHYR_EVENTS (2 * ZEPHYR_LINES) /* entries: the next power of two from two a line */

struct zephyr_queue {
	struct ring *ring;
	uint64_t calls; /* that were seen */
	uint16_t free[ZEPHYR_EVENTS];
	unsigned n_free;
	uint8_t owner[ZEPHYR_EVENTS]; /* by head: whose chain is with the device */
};

struct zephyr_line {
	bool queued, enabled;
	unsigned fired, invalid;
};

struct zephyr {
	struct session *s;
	uint64_t statics; /* guest address: the request, its response, then the lines' */
	struct zephyr_queue queues[VMM_RINGS];
	unsigned n_queues;
	bool answered;
	struct zephyr_line lines[ZEPHYR_LINES];
};

/* Connects, reads the number of lines, starts the rings: the second one only for interrupts. */
void zephyr_probe(struct zephyr *z, struct session *s, bool interrupts);
/* What the guest's memory is at its start: all zero, and the last descriptor is the first to be taken. */
void zephyr_boot(struct zephyr *z);
void zephyr_start(struct zephyr *z);

/* Whether it was granted. */
bool zephyr_request(struct zephyr *z, uint16_t type, unsigned line, uint32_t value);
uint8_t zephyr_get(struct zephyr *z, unsigned line);
/* The value first, then the direction. */
void zephyr_output(struct zephyr *z, unsigned line, uint32_t value);
/* The type, and a buffer unless one is queued; NONE: it is disabled before the device is asked. */
void zephyr_irq(struct zephyr *z, unsigned line, uint32_t type);

/* The handler, for both rings: what is used by now is taken. What that makes used again is the next one's. */
void zephyr_interrupt(struct zephyr *z);
/* Waits for interrupts until the callback of the line was called that often. */
void zephyr_wait_fired(struct zephyr *z, unsigned line, unsigned fired);
/* The byte in the line's buffer. */
uint8_t zephyr_event_status(struct zephyr *z, unsigned line);
