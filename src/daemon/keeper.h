/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The keeper protocol: a worker hands the fds of its session to the supervisor, which keeps a duplicate of each until
 * told otherwise, so that a successor of the worker finds them (inherited over fork) under the same keys.
 *
 * SOCK_SEQPACKET, one fixed struct a message, no replies: what was sent is kept, because the supervisor reads the
 * channel to its end before it starts a successor. The supervisor says one thing: the chip is back, here is its fd.
 * The worker is not trusted: unknown types, wrong lengths and more fds than the
 * session may have end that worker.
 *
 * A line of a real chip is given back to the kernel only when the supervisor has closed its duplicate, too. A worker
 * that must know when sends the end of a pipe after the drops: when the supervisor gets to it, it closes it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum keeper_type {
	KEEPER_KEEP = 1,   /* with one fd: keep it under key; replaces what was there */
	KEEPER_DROP = 2,   /* close what is under key, if anything */
	KEEPER_SETTLE = 3, /* with one fd: close it; key unused */
	KEEPER_CHIP = 4,   /* supervisor to worker, with one fd: the guest's chip of number key is back under it */
};

/*
 * Keys are opaque, but for this bit: what is kept under such a key outlives a session that is dropped. Lines of a chip
 * do, so that no output lets go before a worker has put it into its resting state.
 */
#define KEEPER_KEY_LASTING (1u << 31)

struct keeper_message {
	uint32_t type;
	uint32_t key;
};

/* Worker's side. Blocking; 0 or -errno (the supervisor is gone). The fd stays the caller's. */
int keeper_keep(int channel, uint32_t key, int fd);
int keeper_drop(int channel, uint32_t key);
/* Returns when every earlier message has been taken. -ETIMEDOUT: the supervisor is too busy. */
int keeper_settle(int channel);
/*
 * The fd of the chip that came back, the caller's, and its number; -EAGAIN: nothing there; another -errno: the
 * supervisor is gone.
 */
int keeper_receive_chip(int channel, uint32_t *number);

/* Supervisor's side. 0 or -errno (-EAGAIN: the worker does not read). The fd stays the caller's. */
int keeper_send_chip(int channel, uint32_t number, int fd);

/* Supervisor's side: the fds kept for one session. */
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
/* Closes all but what is lasting. */
void kept_clear_session(struct kept_set *set);
void kept_deinit(struct kept_set *set);
/*
 * Takes one message off the channel. 1: done one; 0: the channel is at its end; -EAGAIN: nothing there;
 * another -errno: the worker broke the protocol.
 */
int kept_receive(struct kept_set *set, int channel);
/*
 * The worker is dead: takes what it had sent. 0, or -errno as above. Dead or not, it may have given its end to somebody,
 * its front-end for one: who has it can send nothing any more, so there is an end to what is taken.
 */
int kept_receive_rest(struct kept_set *set, int channel);
/* The fd under key, or -1. It stays the set's. */
int kept_find(const struct kept_set *set, uint32_t key);
/* The fd under key, from now on the caller's, or -1. */
int kept_take(struct kept_set *set, uint32_t key);
