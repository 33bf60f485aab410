/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The supervisor's replies to a worker about its guest's lines: all that a worker can have of a chip comes from here. */
#pragma once

#include "guest/guest.h"
#include "ipc/fd_store.h"

/*
 * Does what is requested, if it is for one of the guest's lines that a real chip has, and replies over the channel,
 * without waiting. A line that was had is stored. 0, also when the chip refused; -errno: the worker broke the protocol.
 */
int line_broker_reply(const struct guest *guest, struct fd_store *store,
		      const struct supervisor_channel_request *request, int channel);
/* A line of a real chip that the store has not: requests it as the guest's. *fd is the store's. -errno. */
int line_broker_request(const struct guest *guest, struct fd_store *store, unsigned line,
			const struct chip_line_config *config, int *fd);

/* Sends a reply, without waiting. 0, also when the worker is gone; -errno: it does not wait for one. */
int line_broker_send(int channel, const struct supervisor_channel_reply *reply, int fd);
