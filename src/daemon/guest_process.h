/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest, as the supervisor sees it: everything that must outlive the guest's worker (socket, session memory, kept
 * fds, chip, port), and the worker process.
 */
#pragma once

#include "chip/chip.h"
#include "daemon/child.h"
#include "daemon/guest.h"
#include "daemon/keeper.h"
#include "daemon/listener.h"

struct guest_process {
	struct child child;
	const struct guest *guest; /* the caller's */
	char process_name[GUEST_NAME_MAX + 8];
	struct chip_found found;  /* its fd is owned */
	struct listener listener; /* owned; the worker accepts */
	int session_fd;		  /* owned; a sealed memfd */
	size_t session_size;
	int port_fds[2];      /* owned; [0] the control process's end, [1] the worker's; -1 without control */
	int keeper_fd;	      /* owned; our end of the present worker's */
	int keeper_worker_fd; /* owned; its end, between prepare and started */
	struct kept_set kept;
	struct loop_watch keeper_watch;
};

/* Nothing is made yet. guest, loop and signals_own outlive it. */
void guest_process_init(struct guest_process *process, const struct guest *guest, struct loop *loop,
			const sigset_t *signals_own);
/* Finds the chip; touches nothing else. -errno, with a line that says what and why. */
int guest_process_probe(struct guest_process *process, char *why, size_t why_size);
/* Makes the socket (with alias_path, unless that is "") and what else it takes; with_port: the port too. -errno. */
int guest_process_open(struct guest_process *process, const char *alias_path, bool with_port, char *why,
		       size_t why_size);
/*
 * A chip's device node appeared at path. True when it is this guest's chip, which was gone and has come back: the worker
 * has been told, and its successors will find it.
 */
bool guest_process_chip_appeared(struct guest_process *process, const char *path);
/* The process is stopped and gone by then. Idempotent. */
void guest_process_close(struct guest_process *process);
