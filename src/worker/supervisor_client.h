/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a worker keeps with its supervisor, and has from it: fds of its session, and the lines of real chips. */
#pragma once

#include "base/log.h"
#include "chip/chip.h"
#include "ipc/fd_store.h"
#include "loop/loop.h"
#include "vhost/vhost.h"
#include "worker/supervisor_call.h"

struct worker_keeper {
	const char *tag;
	struct keeper_client client;
	struct kept_set *kept; /* what an earlier worker left: the caller's */
	struct loop *loop;
	struct loop_watch watch;
	struct loop_defer back;
	bool gone;
	/* Is told once that the supervisor is gone: nobody would start a successor, and nobody keeps our fds. */
	void (*lost)(void *ctx);
	/* From the loop, outside of any other work: a chip of the guest came back. */
	void (*chip_back)(void *ctx, unsigned number);
	void *ctx;
	struct log_limit settle_limit, answer_limit;
};

/* channel, loop and kept outlive it; the callbacks of *keeper are set. -errno. */
int worker_keeper_open(struct worker_keeper *keeper, struct loop *loop, int channel);
void worker_keeper_close(struct worker_keeper *keeper);

/* For the fds of the vhost session. */
struct vhost_fd_store worker_keeper_of_session(struct worker_keeper *keeper);

/* For the chip, whose lines are the guest's. */
struct chip_broker worker_keeper_broker(struct worker_keeper *keeper);
