/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a device owes a driver: every chain that was made available, what its descriptors say (read here by VirtIO 1.3,
 * 2.7.5 and 2.8.5 to 2.8.7, not by the device's code), and where it is. Each comes back once at most, with the length
 * that was written; those that make no sense with 0; and none is lost.
 *
 * A ring is doomed when the driver did what breaks it, or may: then it is only looked for what comes back twice, or was
 * never given.
 */
#pragma once

#include "fixture.h"

enum ledger_state {
	LEDGER_AVAILABLE,
	LEDGER_AGAIN, /* in flight, and the ring stopped: it is to come out again */
	LEDGER_HELD,
	LEDGER_SKIPPED, /* malformed: it is to come back by itself */
	LEDGER_PUSHED,
};

struct ledger_entry {
	enum ledger_state state;
	uint16_t id;	/* what the driver wants to have back: the head, or the id of the buffer */
	uint16_t place; /* of the first descriptor */
	uint16_t n_descs;
	bool malformed;
	bool unknown; /* memory changed since, or addresses are translated: no telling what the device sees */
	uint32_t write_len;
	uint64_t digest; /* of the segments */
	uint16_t head;	 /* how the device calls it, once it has it */
	uint32_t pushed_len;
};

void ledger_reset(void);
/* The driver made this chain available. */
void ledger_give(unsigned ring, uint16_t id, uint16_t place);
void ledger_doom(unsigned ring);
/* Nobody knows any more what is in the ring. */
void ledger_lose(unsigned ring);
bool ledger_is_doomed(unsigned ring);
/* Descriptors that the driver cannot use now (packed). */
unsigned ledger_descs(unsigned ring);
/* The descriptors of the list that begins at this place of a packed ring. */
unsigned ledger_packed_descs(unsigned ring, uint16_t place);
/* Guest memory changed: what was read before need not be what the device reads. */
void ledger_memory_changed(void);
/* The same in the midst of what the device does: no telling what it makes of a chain that it is reading. */
void ledger_memory_torn(void);

/* The device got this chain. */
void ledger_delivered(unsigned ring, const struct vhost_chain *chain);
/* It gives it back. */
void ledger_pushed(unsigned ring, uint16_t head, uint32_t len);
/* The ring stopped, or its device died: what is not back yet is in flight. */
void ledger_stopped(unsigned ring);
/* The driver looks for what came back. */
void ledger_reap(unsigned ring);
/* Memory was lost: from now on nothing comes back, what was returned and is not the driver's yet included. */
void ledger_freeze(void);
/* The ring ran, was kicked, and had its turns. */
void ledger_check_none_lost(unsigned ring);
