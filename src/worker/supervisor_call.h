/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The worker's end of the supervisor channel (supervisor_channel.h). The supervisor is trusted, but may be slow. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guest/guest.h"
#include "ipc/supervisor_channel.h"

struct supervisor_call {
	int channel;	     /* not owned */
	uint64_t chips_back; /* by number: chips that came back, since the user has last set it to 0 */
	bool overdue;	     /* a reply is due that nobody waits for any more */
	/* A SUPERVISOR_CHANNEL_WIRE, at any time: what it brings is to be kept for later. fd: the callee's; -1: none came. */
	void (*wire)(void *ctx, uint32_t key, int fd);
	void *ctx;
};

_Static_assert(GUEST_CHIPS_MAX <= 64, "chips_back has a bit for each");

/* Blocking; 0 or -errno (the supervisor is gone). The fd stays the caller's. */
int supervisor_call_store(int channel, uint32_t key, int fd);
int supervisor_call_remove(int channel, uint32_t key);
/* Returns when every earlier message has been taken. -ETIMEDOUT: the supervisor is too busy. */
int supervisor_call_barrier(int channel);

/* Takes what the supervisor has said, and waits for nothing. 0 or -errno (the supervisor is gone). */
int supervisor_call_receive(struct supervisor_call *call);
/*
 * Asks and waits for the reply, some seconds at most; *fd is what came with it, the caller's, or -1. 0; -ETIMEDOUT:
 * there is none, and until it has come every other request is answered like this at once, so that no reply is taken
 * for another's and nobody waits again and again; another -errno: the supervisor is gone.
 */
int supervisor_call_request(struct supervisor_call *call, const struct supervisor_channel_request *request,
			    struct supervisor_channel_reply *reply, int *fd);
