/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The fds that the supervisor stores for one guest, so that a worker's successor finds them; and what a worker says of
 * them over the supervisor channel (supervisor_channel.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/supervisor_channel.h"

struct fd_store_entry {
	uint32_t key;
	int fd; /* owned by the store */
};

struct fd_store {
	struct fd_store_entry *fds; /* owned */
	size_t n, capacity;
	size_t max_session; /* so many that are not lasting */
	size_t n_lasting;   /* lasting keys are FD_KEY_LASTING and a number below this */
	bool lasting_ours;  /* the worker stores none that is lasting: what is there is what it is taken for */
	/* NULL, or told in the supervisor: of an fd of the session that was put; -1: it is about to be closed. */
	void (*changed)(struct fd_store *store, uint32_t key, int fd);
};

void fd_store_init(struct fd_store *store, size_t max_session, size_t n_lasting);
/* Puts in an fd of the supervisor's own, which becomes the store's when it returns 0. -errno. */
int fd_store_put(struct fd_store *store, uint32_t key, int fd);
/* Closes what is under key, if anything. */
void fd_store_remove(struct fd_store *store, uint32_t key);
/* Closes all but what is lasting, without waiting for what a front-end has put into its sockets (async_close.h). */
void fd_store_clear_session(struct fd_store *store);
/* The same, and then what is lasting: the supervisor's deinit. */
void fd_store_close(struct fd_store *store);
/* In a worker, or where nothing is in it. */
void fd_store_deinit(struct fd_store *store);

enum fd_store_received {
	FD_STORE_END = 0, /* of the channel */
	FD_STORE_DONE,
	FD_STORE_REQUEST, /* in *request: a reply is due */
};

/*
 * Takes one message off the channel: enum fd_store_received; -EAGAIN: nothing there; another -errno: the worker broke the
 * protocol. A request is not checked.
 */
int fd_store_receive(struct fd_store *store, int channel, struct supervisor_channel_request *request);
/*
 * The worker is dead: takes what it had sent; nobody waits for a reply. 0, or -errno as above. Dead or not, it may have
 * given its end to somebody, its front-end for one: who has it can send nothing any more, so there is an end to what is
 * taken.
 */
int fd_store_receive_all(struct fd_store *store, int channel);
/* The fd under key, or -1. It stays the store's. */
int fd_store_find(const struct fd_store *store, uint32_t key);
/* The fd under key, from now on the caller's, or -1. */
int fd_store_take(struct fd_store *store, uint32_t key);
