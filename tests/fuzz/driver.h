/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A driver that does what a driver may do, on the rings of the fixture: chains of a readable and a writable part, in
 * slots. It finds what a device must never do: to return what it does not have, to say that it wrote more than there
 * was room for, or to write behind what it says.
 */
#pragma once

#include "fixture.h"

#define DRIVER_SLOTS   64
#define DRIVER_IN_MAX  16
#define DRIVER_OUT_MAX 48

/* How a chain is made of descriptors. */
#define DRIVER_INDIRECT 1u
#define DRIVER_CUT_IN	2u /* in an indirect table: the readable part is two descriptors */
#define DRIVER_CUT_OUT	4u

struct driver_used {
	unsigned slot;
	uint32_t len;
	const uint8_t *out;
};

/* New rings, as fixture_setup() made them. */
void driver_reset(void);
unsigned driver_slots(void);
bool driver_slot_is_free(unsigned ring, unsigned slot);
/* The slot is free. Lengths of 0: no such part. Nobody is kicked. */
void driver_give(unsigned ring, unsigned slot, const void *in, unsigned in_len, unsigned out_len, unsigned layout);
/* Takes one used buffer back. False: there is none. */
bool driver_take(unsigned ring, struct driver_used *used);

/* Whatever was before, a good front-end comes, and a request is answered as it should be. */
void driver_check_served(void);
