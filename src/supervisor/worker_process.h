/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest, as the supervisor sees it: everything that must outlive the guest's worker (socket, session memory, kept
 * fds, chips, port), and the worker process.
 */
#pragma once

#include "base/why.h"
#include "chip/chip.h"
#include "guest/guest.h"
#include "ipc/fd_store.h"
#include "process/child.h"
#include "sandbox/sandbox.h"
#include "service/listener.h"

struct guest_process {
	struct child child;
	struct guest guest; /* owned */
	const struct sandbox *sandbox;
	bool one_off;	/* it is over when the front-end leaves */
	unsigned drops; /* how often the session was thrown away */
	char process_name[GUEST_NAME_MAX + 8];
	struct listener listener; /* owned; the worker accepts */
	int connected_fd;	  /* the guest's, given to us: a front-end that is connected already; -1: none */
	int session_fd;		  /* owned; a sealed memfd */
	size_t session_size;
	bool session_foreign; /* an earlier program's, of another layout: it ends with the worker that serves it */
	int port_fds[2];      /* owned; [0] the control process's end, [1] the worker's; -1 without control */
	int keeper_fd;	      /* owned; our end of the present worker's */
	int keeper_worker_fd; /* owned; its end, between prepare and started */
	struct kept_set kept;
	struct loop_watch keeper_watch;
};

/* Takes the guest, its chips and claims over: *guest is empty afterwards. loop and signals_own outlive it. */
void guest_process_init(struct guest_process *process, struct guest *guest, bool one_off, struct loop *loop,
			const sigset_t *signals_own);
/* Makes the socket and what else it takes; with_port: the port too. -errno, with a line that says what and why. */
int guest_process_open(struct guest_process *process, bool with_port, struct why *why);
/*
 * Takes over the worker, which an earlier program of this very process has started, and our end of its keeper channel
 * (-1: it is on its way out). The rest of what such a program left is in *process already. -errno.
 */
int guest_process_adopt_worker(struct guest_process *process, pid_t pid, int keeper_fd, bool restarting);
/* Makes the port; -errno. */
int guest_process_open_port(struct guest_process *process);
/* Replaces the worker, which goes on where this one stops; the front-end notices nothing. */
void guest_process_replace(struct guest_process *process);
/* Starts the worker. */
void guest_process_start(struct guest_process *process);
/*
 * A chip's device node appeared at path: whether it may be one of this guest's chips that is gone, one that had this
 * very path when by_path. *rdev is what that chip was known by.
 */
bool guest_process_misses_chip(const struct guest_process *process, const char *path, bool by_path, uint64_t *rdev);
/* The chip that was known by rdev, if the guest has lines of it, is back at path: its worker and their successors learn it. */
void guest_process_chip_back(struct guest_process *process, uint64_t rdev, const char *path);
/* The process is stopped and gone by then. Idempotent. */
void guest_process_close(struct guest_process *process);
