/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One connection to the control socket and the request that it is at: words to lines, then one line after the other,
 * each asked for and answered over its guest's control channel, then the reply. One query is under way at a time. When a
 * monitor has told the present states, its connection may ask on: the replies stand among the changes, in order.
 */
#pragma once

#include "control/client/connection.h"
#include "control/client/request_parse.h"
#include "control/line_selection.h"
#include "control/monitor.h"
#include "control/request_reply.h"
#include "control/worker_client.h"
#include "loop/timer.h"

/* Lines that one reply of "info" tells about; it then says where to go on. */
#define REQUEST_PAGE_MAX 1024

/* How long one guest may take for its lines of such a reply, or of a monitor's beginning. */
#define REQUEST_GUEST_TIMEOUT_NS (20ull * 1000 * 1000 * 1000)

struct request_run {
	struct control_connection connection;
	struct worker_clients *guests;
	void (*ended)(struct request_run *run);
	struct loop_timer timer;
	uint64_t number; /* the owner's: its turn among all connections */

	struct request request;
	struct line_selection lines;
	struct worker_query query;  /* about the present line */
	uint64_t guest_since_ns;    /* of all lines: when the present guest was asked first; 0: not yet */
	struct request_reply reply; /* so far */
	struct wire_query wire_query;
	struct monitor monitor;
};

/* fd becomes the run's, whatever the result. ended() is called once, when the client is gone. 0 or -errno. */
int request_run_init(struct request_run *run, struct loop *loop, int fd, struct worker_clients *guests,
		     void (*ended)(struct request_run *run));
void request_run_deinit(struct request_run *run);
