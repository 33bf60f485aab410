/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control process's end of its feed: channels to workers that start, from the supervisor. */
#pragma once

#include "control/worker_client.h"
#include "loop/loop.h"

struct control_feed {
	struct loop_watch watch;
	struct worker_clients *guests; /* the caller's */
	/* The supervisor is gone, or a channel is lost: there is nothing more to be done here. */
	void (*ended)(struct control_feed *feed);
};

/* The fd stays the caller's. 0 or -errno. */
int control_feed_open(struct control_feed *feed, struct loop *loop, int fd, struct worker_clients *guests,
		      void (*ended)(struct control_feed *feed));
void control_feed_close(struct control_feed *feed);
