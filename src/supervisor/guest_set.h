/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The guests that the supervisor serves. A reload adds and removes some; a guest's address stays the same. */
#pragma once

#include <stdbool.h>

#include "base/why.h"
#include "config/guest_config.h"
#include "handover/handover_format.h"
#include "supervisor/worker_process.h"

struct guest_entry {
	struct worker_process process;
	bool removing; /* to be removed when its worker has ended */
};

struct guest_set {
	struct guest_entry **entries; /* owned */
	size_t n;
	/* For every process: */
	struct loop *loop;
	const sigset_t *signals_own;
	const struct sandbox *sandbox;
	struct worker_control control;
	struct worker_wires wires;
	bool one_off;
};

/* A guest, with its socket, but no process yet. guest is taken over. -errno, with a line that says what and why. */
int guest_set_add(struct guest_set *set, const struct guest_config *config, struct guest *guest, struct why *why);
/* One that an earlier program of this very process has served. -errno, with a line that says what and why. */
int guest_set_adopt(struct guest_set *set, struct handover_guest *left, struct why *why);
/* File descriptors that the supervisor needs for all of them and for itself. */
size_t guest_set_fds_needed(const struct guest_set *set);
/*
 * What a front-end sends is stored here, too, and it may send hundreds of fds. Where there are few, all guests together
 * have no more than there are: one that wants more than its share loses its connection, and not
 * the others theirs. After guests came or went.
 */
void guest_set_share(struct guest_set *set);
/* What a handover image says of all of them: guests, and the deaths of each, are the caller's to free. -ENOMEM. */
int guest_set_hand_over(const struct guest_set *set, struct handover *handover);
/* After that: their sockets stay where they are, and their lines what they are. */
void guest_set_forget(struct guest_set *set);
/*
 * Replaces the next worker that an earlier program has started; one after the other, so that the guests do not all wait
 * at once. To be called until it returns false: there is none left.
 */
bool guest_set_replace_next(struct guest_set *set);
/* Frees those that are being removed once none of them has a process any more. Returns how many have one. */
size_t guest_set_sweep(struct guest_set *set);
/* All processes are gone by then. Idempotent. */
void guest_set_deinit(struct guest_set *set);
