/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One connection to the control socket and the request that it is at: words to lines, then one line after the other,
 * each asked for and answered over its guest's port, then the reply. One query is under way at a time.
 */
#pragma once

#include "control/connection.h"
#include "control/line_selection.h"
#include "control/request_parse.h"
#include "control/worker_client.h"

/* Lines that one reply of "info" tells about; it then says where to go on. */
#define CONTROL_PAGE_MAX 1024

/* How long one guest may take for its lines of such a reply, or of a monitor's beginning. */
#define CONTROL_GUEST_PATIENCE_NS (20ull * 1000 * 1000 * 1000)

struct control_job {
	struct control_client client;
	struct control_guests *guests;
	void (*ended)(struct control_job *job);
	struct loop_timer patience;
	uint64_t number; /* the owner's: when it came */

	struct control_request request;
	struct control_lines lines;
	struct control_query query; /* about the present line */
	uint64_t guest_since_ns;    /* of all lines: when the present guest was asked first; 0: not yet */
	json_t *told_guests;	    /* owned; the reply so far */
	json_t *told_lines;	    /* owned */
};

/* fd becomes the job's, whatever the result. ended() is called once, when the client is gone. 0 or -errno. */
int control_job_init(struct control_job *job, struct loop *loop, int fd, struct control_guests *guests,
		     void (*ended)(struct control_job *job));
void control_job_deinit(struct control_job *job);

/* Whether the client monitors this line and has been told its state. */
bool control_job_watches(const struct control_job *job, const struct control_guest *guest, uint32_t line);
/* Whether it monitors any line of the guest. */
bool control_job_watches_guest(const struct control_job *job, const struct control_guest *guest);
