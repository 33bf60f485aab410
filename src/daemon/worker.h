/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The worker: one process, one guest, single-threaded. The supervisor forks it; it attaches to its session (shared
 * memory + kept fds), which is empty at first and full after a crash: the same path.
 */
#pragma once

#include "daemon/guest.h"
#include "daemon/keeper.h"

struct worker_start {
	const struct guest *guest;
	const struct chip_found *found;
	int listen_fd;	       /* listening socket of the guest; the worker accepts one front-end at a time */
	int keeper_fd;	       /* SOCK_SEQPACKET to the supervisor; its end of file means that the supervisor is gone */
	int port_fd;	       /* SOCK_SEQPACKET to the control process (see port.h), or -1 */
	int session_fd;	       /* memfd of worker_session_size() bytes, zeroed at first */
	struct kept_set *kept; /* this process's copy: the worker duplicates what it uses, then closes all of it */
};

/* Bytes of session memory for a guest with this chip. */
size_t worker_session_size(const struct chip_found *found);
/* How many fds the supervisor must be ready to keep for it. */
size_t worker_kept_max(const struct chip_found *found);

/*
 * The worker's life. All fds of start belong to this process. Returns its exit status: 0 after SIGTERM/SIGINT or the
 * supervisor's end, 1 when it could not start (logged).
 */
int worker_main(const struct worker_start *start);
