/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a worker stores with its supervisor, and has from it: fds of its session, and the lines of real chips. */
#pragma once

#include "base/log.h"
#include "chip/chip.h"
#include "ipc/fd_store.h"
#include "loop/loop.h"
#include "vhost/vhost.h"
#include "worker/supervisor_call.h"

struct supervisor_client {
	const char *tag;
	struct supervisor_call call;
	struct fd_store *store; /* what an earlier worker stored: the caller's */
	struct loop *loop;
	struct loop_watch watch;
	struct loop_defer back;
	bool gone;
	/* Is told once that the supervisor is gone: nobody would start a successor, and nobody stores our fds. */
	void (*supervisor_gone)(void *ctx);
	/* From the loop, outside of any other work: a chip of the guest came back. */
	void (*chip_back)(void *ctx, unsigned number);
	/* At any time: see supervisor_call.h. */
	void (*wire)(void *ctx, uint32_t key, int fd);
	void *ctx;
	struct log_limit barrier_limit, reply_limit;
};

/* channel, loop and store outlive it; the callbacks of *client are set. -errno. */
int supervisor_client_open(struct supervisor_client *client, struct loop *loop, int channel);
void supervisor_client_close(struct supervisor_client *client);

/*
 * Says that the session is moved, or that it cannot be, and waits for the reply: from then on it is what it was moved to.
 * -errno: it is not, and this worker is of no use.
 */
int supervisor_client_moved(struct supervisor_client *client, bool moved);

/* For the fds of the vhost session. */
struct vhost_fd_store supervisor_client_session_store(struct supervisor_client *client);

/* For the chip, whose lines are the guest's. */
struct chip_broker supervisor_client_broker(struct supervisor_client *client);
