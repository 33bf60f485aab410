/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A packed ring in a guest's memory, and what its driver writes there. */
#pragma once

#include "rows.h"

#include "guest_file.h"
#include "vhost/ring/packed.h"
#include "vhost/state/inflight_packed.h"

#define SIZE	  5 /* any number will do */
#define FILE_SIZE 0x8000
#define DRIVER	  0x400
#define DEVICE	  0x800
#define TABLE	  0x2000 /* where tests put an indirect table */
#define NEW	  0x80008000u

#define AVAIL	 VRING_PACKED_DESC_F_AVAIL
#define USED	 VRING_PACKED_DESC_F_USED
#define NEXT	 VRING_DESC_F_NEXT
#define WRITE	 VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

#define LAP_1 AVAIL /* available with wrap counter 1 */
#define LAP_2 USED  /* available with wrap counter 0 */

extern struct ring ring;
extern struct vhost_chain chain; /* the last one that was taken */
extern struct inflight_packed *inflight;

/* cmocka fixtures: the ring begins at NEW. */
int fixture_up(void **state);
int fixture_down(void **state);

struct vring_packed_desc *desc_at(unsigned table, unsigned index);
struct vring_packed_event *event_at(unsigned at);
void put(unsigned table, unsigned index, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags);
/* The device takes a chain. */
int next(void);
/* One buffer of one descriptor at this place, taken and returned. */
void one(unsigned index, uint16_t id, uint16_t lap);
void assert_desc(unsigned index, uint16_t id, uint32_t len, uint16_t flags);
