/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The worker's side of the keeper protocol (supervisor_channel.h). The supervisor is trusted, but may be slow. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guest/guest.h"
#include "ipc/supervisor_channel.h"

struct keeper_client {
	int channel;	     /* not owned */
	uint64_t chips_back; /* by number: chips that came back, since the user has last set it to 0 */
	bool late;	     /* an answer is due that nobody waits for any more */
};

_Static_assert(GUEST_CHIPS_MAX <= 64, "chips_back has a bit for each");

/* Blocking; 0 or -errno (the supervisor is gone). The fd stays the caller's. */
int keeper_keep(int channel, uint32_t key, int fd);
int keeper_drop(int channel, uint32_t key);
/* Returns when every earlier message has been taken. -ETIMEDOUT: the supervisor is too busy. */
int keeper_settle(int channel);

/* Takes what the supervisor has said, and waits for nothing. 0 or -errno (the supervisor is gone). */
int keeper_hear(struct keeper_client *client);
/*
 * Asks and waits for the answer, some seconds at most; *fd is what came with it, the caller's, or -1. 0; -ETIMEDOUT:
 * there is none, and until it has come every other question is answered like this at once, so that no answer is taken
 * for another's and nobody waits again and again; another -errno: the supervisor is gone.
 */
int keeper_ask(struct keeper_client *client, const struct keeper_question *question, struct keeper_answer *answer,
	       int *fd);
