/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The front-end's files lose pages while the device has them mapped: they become shorter, which makes an access there a
 * SIGBUS, or get a hole, which reads as zeroes. The fixture's own mapping can always be used: it has zeroes where the file
 * has nothing.
 *
 * What the device owes then (vhost/memory/sigbus_guard.h): the process lives; nothing that was read there is acted upon; with the
 * turn in which it was touched the session is over, and no other one is. fixture_turns() looks for that.
 */
#pragma once

#include "fixture.h"

struct loss {
	bool pending;	   /* the files are not whole */
	unsigned sessions; /* that ended for it */
	/* Around a change of the guest's memory from this offset on; in the middle of what the device does, or not. */
	void (*before)(uint32_t from);
	void (*after)(bool amid);
	void (*lost)(void); /* a session is about to end for it */
};

extern struct loss loss;

/* Operations: "how pages", and "n how pages" for the nth moment from now. How: see loss.c. */
void loss_op(struct input *in);
void loss_op_later(struct input *in);
/* All files are whole again: with zeroes where they were cut. */
void loss_mend(void);
/* The same for a new fixture, whose files are. */
void loss_reset(void);
/* SIGBUS does again what it did before any device was there: whoever installs a handler next has that behind it. */
void loss_restore_handler(void);
/* The dead process's loss is not its successor's. */
void loss_forget(void);
/* At the end of a turn. */
void loss_check(void);
