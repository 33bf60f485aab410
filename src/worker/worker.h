/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The worker: one process, one guest, single-threaded. The supervisor forks it; it attaches to its session (shared
 * memory + stored fds), which is empty at first and full after a crash: the same path.
 *
 * SIGUSR2 or SIGUSR1 makes a worker hand its session over to a successor: it ends with its turn, as it is, and what it
 * has been doing for the guest stays done. (It is a crash in good order: the successor takes the same path.)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory_form.h"
#include "guest/guest.h"
#include "ipc/fd_store.h"

struct worker_start {
	const struct guest *guest;
	int listen_fd;	  /* listening socket of the guest, or -1; the worker serves one front-end at a time */
	int connected_fd; /* a front-end that is connected already, or -1. Neither: it was dropped, only lines are left */
	bool one_off;	  /* to end when the front-end disconnects */
	unsigned drops;	  /* how often the session was dropped: each time lines go into their idle state */
	bool rings_broken; /* the workers before died again and again: what there is starts with its rings broken */
	bool blameless;	   /* the worker before did not die of what it was at: somebody killed it */
	int supervisor_fd; /* SOCK_SEQPACKET to the supervisor; its end of file means that the supervisor is gone */
	int control_fd;	   /* SOCK_SEQPACKET to the control process (control_server.h), or -1 */
	int session_fd;	   /* memfd of session_layout_size() bytes or more (session_layout.h), zeroed at first */
	int move_fd;	   /* memfd from which the session is to be moved there first (session_move.h); -1: none */
	const struct memory_form *move_from, *move_to; /* their forms */
	struct fd_store *store; /* this process's copy: the worker duplicates what it uses, then closes all of it */
};

/*
 * The worker's life. All fds of start belong to this process. Returns its exit status: CHILD_HANDED_OVER when it handed
 * its session over to a successor; 0 after SIGTERM/SIGINT, the supervisor's end, or the front-end's when it was the one;
 * when it could not start (logged), CHILD_LACKS for want of something, or else 1.
 */
int worker_main(const struct worker_start *start);
