/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest, as the supervisor sees it: everything that must outlive the guest's worker (socket, session memory, stored
 * fds, chips), and the worker process.
 */
#pragma once

#include "base/record_table.h"
#include "base/why.h"
#include "chip/chip.h"
#include "guest/guest.h"
#include "process/child.h"
#include "process/stuck_watch.h"
#include "sandbox/sandbox.h"
#include "service/listener.h"
#include "supervisor/guest_session.h"

struct worker_process;

/* Who is told that a worker has a control channel; NULL: there is no control process, and no channel to it. */
struct worker_control {
	void (*made)(void *ctx);
	void *ctx;
};

/* Who tells a worker of its wires. */
struct worker_wires {
	void (*came)(void *ctx, const struct worker_process *process);
	void *ctx;
};

struct worker_process {
	struct child child;
	struct guest guest; /* owned */
	const struct sandbox *sandbox;
	bool one_off;	   /* it is over when the front-end disconnects */
	bool rings_broken; /* the next worker starts so: a last try before the session is dropped */
	char process_name[GUEST_NAME_MAX + 8];
	struct listener listener; /* owned; the worker accepts */
	int connected_fd;	  /* the guest's, inherited: a front-end that is connected already; -1: none */
	struct guest_session session;
	int channel_fd;	       /* owned; our end of the present worker's supervisor channel */
	int channel_worker_fd; /* owned; its end, between prepare and started */
	struct worker_control control;
	int control_fd;	       /* owned; the control process's end of the present worker's control channel, -1: none */
	int control_worker_fd; /* owned; its end, between prepare and started */
	bool control_due;      /* the control process has no copy yet */
	struct worker_wires wires;
	uint64_t wires_told;	 /* what its worker knows of them: wires/wire_board.h */
	bool hands_over;	 /* the next start goes on with the session */
	struct record_rest rest; /* owned: of the handover of another program, for the next one */
	struct loop_watch channel_watch;
	struct stuck_watch watch;
};

/* Takes the guest, its chips and claims over: *guest is empty afterwards. loop and signals_own outlive it. */
void worker_process_init(struct worker_process *process, struct guest *guest, bool one_off, struct loop *loop,
			 const sigset_t *signals_own);
/* Makes the socket and what else it takes. -errno, with a line that says what and why. */
int worker_process_open(struct worker_process *process, struct why *why);
/*
 * Takes over the worker, which an earlier program of this very process has started, and our end of its channel (-1:
 * it is on its way out). What else such a program has handed over is in *process already. -errno.
 */
int worker_process_adopt(struct worker_process *process, pid_t pid, int channel_fd, bool restarting);
/* Replaces the worker, which goes on where this one stops; the front-end notices nothing. */
void worker_process_replace(struct worker_process *process);
/* Whether it has a front-end, by what its worker has said so far. */
bool worker_process_is_connected(struct worker_process *process);
/* Starts the worker. */
void worker_process_start(struct worker_process *process);
/*
 * There is to be no successor: the worker, if any, gets signo, SIGUSR1 to hand its session over. Else the lines take their
 * idle state when it has ended, whatever it did itself, or is stuck.
 */
void worker_process_stop(struct worker_process *process, int signo);
/* Session and lines were handed over, and are what they are. */
void worker_process_forget(struct worker_process *process);
/*
 * The process is stopped and gone by then, or is stuck; lines that a worker has had take their idle state, if they have
 * not done so. Idempotent.
 */
void worker_process_close(struct worker_process *process);
