/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest of the soak: a process that is a front-end, a driver and what is outside of the lines, by chance.
 *
 * Round follows round, each with a connection of its own (or several). Between two rounds a guest rests as long as the
 * soak looks at the processes: nothing is connected then, so that figures can be compared.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon.h"
#include "outside.h"
#include "vmm.h"

#define SOAK_LINES	16
#define SOAK_LINES_TEXT "s16"
#define SOAK_INPUTS	8 /* these are never outputs, but for a hostile guest: the outside may drive them */

/* In memory that the soak shares with its guests. */
struct soak_guest_state {
	uint64_t rounds, hostile_rounds, requests, events, edges, messages, scribbles, odd_fds, cuts;
	bool rests;
};

struct soak_shared {
	bool rest; /* all guests are to rest */
	bool over;
	struct soak_guest_state guests[DAEMON_GUESTS_MAX];
};

struct soak_guest {
	unsigned number;
	const struct daemon *daemon;
	struct soak_shared *shared;
	struct soak_guest_state *state;
	uint64_t random;
	struct outside outside;
	struct vmm vmm;
	bool held[SOAK_LINES]; /* by line: the device has an event buffer */
};

/* Until shared->over. A worker that does not do what it should ends the process by failure(). */
void soak_guest_run(struct soak_guest *guest, uint64_t seed);

/* Below n. */
uint32_t soak_pick(struct soak_guest *guest, uint32_t n);
/* Once in n times. */
bool soak_chance(struct soak_guest *guest, uint32_t n);
const char *soak_socket(const struct soak_guest *guest);
/* Connected, negotiated, rings started: with features, ring size and kind of notification by chance. */
void soak_start(struct soak_guest *guest);
void soak_stop(struct soak_guest *guest);

/* Steps of a round: an interrupt armed, if those are negotiated; edges from outside, whatever came of it. */
void soak_arm(struct soak_guest *guest);
void soak_edges(struct soak_guest *guest);
/* A kick that does not wait, and may find the connection at its end. */
void soak_kick(struct soak_guest *guest, struct ring *ring);
/* A connection of its own, on which requests are answered. */
void soak_serve(struct soak_guest *guest);

/* soak_hostile.c: one round of what no front-end and no driver should do, and a good connection after it. */
void soak_hostile_round(struct soak_guest *guest);

/* soak_fds.c: a file descriptor of any kind, and what is at its other end, or -1. Both are the caller's. */
struct soak_fd {
	int fd, other;
};

struct soak_fd soak_fd_any(struct soak_guest *guest);
void soak_fd_close(struct soak_fd *fd);
/* Rounds: such ones for kicks, calls and errors; files under the device that are cut. */
void soak_hostile_fds(struct soak_guest *guest);
void soak_hostile_memory(struct soak_guest *guest);
