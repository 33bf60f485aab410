/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The supervisor answers what a worker asks of its guest's lines: all that a worker can have of a chip comes from here. */
#pragma once

#include "guest/guest.h"
#include "ipc/fd_store.h"

/*
 * Does what is asked, if it is for one of the guest's lines that a real chip has, and answers over the channel, without
 * waiting. A line that was had is kept in the set. 0, also when the chip refused; -errno: the worker broke the protocol.
 */
int line_broker_answer(const struct guest *guest, struct kept_set *kept, const struct keeper_question *question,
		       int channel);
