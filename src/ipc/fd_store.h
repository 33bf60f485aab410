/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The supervisor's side of the keeper protocol (supervisor_channel.h): the fds that are kept for one session. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ipc/supervisor_channel.h"

struct kept_fd {
	uint32_t key;
	int fd; /* owned by the set */
};

struct kept_set {
	struct kept_fd *fds; /* owned */
	size_t n, capacity;
	size_t max_session; /* so many that are not lasting */
	size_t n_lasting;   /* lasting keys are KEEPER_KEY_LASTING and a number below this */
};

void kept_init(struct kept_set *set, size_t max_session, size_t n_lasting);
/* Puts in an fd of the supervisor's own, which becomes the set's when it returns 0. -errno. */
int kept_put(struct kept_set *set, uint32_t key, int fd);
/* Closes what is under key, if anything. */
void kept_drop(struct kept_set *set, uint32_t key);
/* Closes all but what is lasting, without waiting for what a front-end has put into its sockets (async_close.h). */
void kept_clear_session(struct kept_set *set);
/* The same, and then the rest: the supervisor's deinit. */
void kept_end(struct kept_set *set);
/* In a worker, or where nothing is in it. */
void kept_deinit(struct kept_set *set);

enum kept_received {
	KEPT_END = 0, /* of the channel */
	KEPT_DONE,
	KEPT_ASKED, /* what, is in *question: an answer is due */
};

/*
 * Takes one message off the channel: enum kept_received; -EAGAIN: nothing there; another -errno: the worker broke the
 * protocol. What it asks is not checked.
 */
int kept_receive(struct kept_set *set, int channel, struct keeper_question *question);
/*
 * The worker is dead: takes what it had sent; nobody waits for an answer. 0, or -errno as above. Dead or not, it may have
 * given its end to somebody, its front-end for one: who has it can send nothing any more, so there is an end to what is
 * taken.
 */
int kept_receive_rest(struct kept_set *set, int channel);
/* The fd under key, or -1. It stays the set's. */
int kept_find(const struct kept_set *set, uint32_t key);
/* The fd under key, from now on the caller's, or -1. */
int kept_take(struct kept_set *set, uint32_t key);
/* Tells the worker that the guest's chip of that number is back. 0 or -errno (-EAGAIN: it does not read). */
int kept_send_chip(int channel, uint32_t number);
