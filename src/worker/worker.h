/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The worker: one process, one guest, single-threaded. The supervisor forks it; it attaches to its session (shared
 * memory + kept fds), which is empty at first and full after a crash: the same path.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/guest.h"
#include "ipc/fd_store.h"

/*
 * SIGUSR2 or SIGUSR1 makes a worker leave its session to a successor: it ends with its turn, as it is, and what it has
 * been doing for the guest stays done. (It is a crash in good order: the successor takes the same path.)
 */

struct worker_start {
	const struct guest *guest;
	int listen_fd;	  /* listening socket of the guest, or -1; the worker serves one front-end at a time */
	int connected_fd; /* a front-end that is connected already, or -1. Neither: it was lost, only lines are left */
	bool one_off;	  /* to end when the front-end leaves */
	unsigned drops;	  /* how often the session was thrown away: each time lines go into their resting state */
	int keeper_fd;	  /* SOCK_SEQPACKET to the supervisor; its end of file means that the supervisor is gone */
	int port_fd;	  /* SOCK_SEQPACKET to the control process (see control_server.h), or -1 */
	int session_fd;	  /* memfd of worker_session_size() bytes (session_layout.h), zeroed at first */
	struct kept_set *kept; /* this process's copy: the worker duplicates what it uses, then closes all of it */
};

/*
 * The worker's life. All fds of start belong to this process. Returns its exit status: CHILD_MADE_ROOM when it left its
 * session to a successor; 0 after SIGTERM/SIGINT, the supervisor's end, or the front-end's when it was the one; 1 when it could not start (logged).
 */
int worker_main(const struct worker_start *start);
