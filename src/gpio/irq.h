/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The interrupt of one line: enabled (type) x masked x latched x level, a pure automaton without I/O.
 *
 * VirtIO GPIO, "eventq Operation" and "Set IRQ Type": an interrupt is masked until the driver gives the device a buffer
 * for the line (irq_unmask) and again once that buffer is returned. An edge that arrives while masked is latched, one a
 * line; a level is not latched, it is looked at when the line is unmasked.
 * A buffer given while the type is NONE is held, silently, until the line is enabled or disabled (again): answering it
 * INVALID at once would make a driver that re-queues on INVALID, as Linux does, and the device chase each other.
 *
 * An edge that fires stays in the state until its buffer is the driver's: a process that dies in between leaves it to
 * its successor, whose driver sees it once.
 *
 * The struct is plain data in session memory and may come from a hostile hand: any bytes are a valid state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "chip/chip_types.h"

/* The values of VIRTIO_GPIO_IRQ_TYPE_*. */
enum irq_type {
	IRQ_TYPE_NONE = 0,
	IRQ_TYPE_EDGE_RISING = 1,
	IRQ_TYPE_EDGE_FALLING = 2,
	IRQ_TYPE_EDGE_BOTH = 3,
	IRQ_TYPE_LEVEL_HIGH = 4,
	IRQ_TYPE_LEVEL_LOW = 8,
};

struct irq {
	uint8_t type;	      /* enum irq_type */
	uint8_t latched;      /* an edge waits for a buffer */
	uint8_t unmasked;     /* the device holds a buffer of the line */
	uint8_t firing;	      /* an edge has a buffer, which is not the driver's yet */
	uint8_t unread_edges; /* so many are being fetched: nobody knows whether there are any */
};

/* What to do with the buffer of the line. */
enum irq_action {
	IRQ_NOTHING,
	IRQ_LATCHED, /* nothing yet: remembered */
	IRQ_FIRE,    /* return the buffer with status VALID */
	IRQ_INVALID, /* return the buffer with status INVALID */
};

bool irq_type_valid(uint32_t type);
/* The edges that the chip must report for this type: both for the level types. */
enum chip_edge irq_edges(uint32_t type);
static inline bool irq_type_is_level(uint32_t type)
{
	return type == IRQ_TYPE_LEVEL_HIGH || type == IRQ_TYPE_LEVEL_LOW;
}

/*
 * type is valid; level is the present one (used by level types only). Setting the present type again changes nothing,
 * but that NONE returns a buffer held under NONE.
 */
enum irq_action irq_set_type(struct irq *irq, uint32_t type, bool level);
/* The chip saw an edge; level is the one after it. */
enum irq_action irq_edge(struct irq *irq, enum chip_edge edge, bool level);
/* The driver gave a buffer. Not to be called while one is held (irq->unmasked). */
enum irq_action irq_unmask(struct irq *irq, bool level);
/* The buffer is gone without an answer (its ring stopped): masked again, nothing else changes. */
void irq_mask(struct irq *irq);
/* What was fired is the driver's: its edge is used up. */
void irq_fired(struct irq *irq);
/*
 * For the successor of a process that died. irq_resume(): masked; an edge that may have been fetched and was not latched
 * is taken for one. irq_resume_fired(): when it is known whether the buffer that was fired is replayed.
 */
void irq_resume(struct irq *irq);
void irq_resume_fired(struct irq *irq, bool replayed);
/* The initial state: type NONE, no latch, masked. */
void irq_reset(struct irq *irq);
