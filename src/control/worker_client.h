/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest, as the control process sees it: the control channel to its worker, and what is known of its lines.
 *
 * The names of the lines are the supervisor's. Level and direction are what the worker reported last: so a change is
 * known from a repetition. A worker may die and be replaced at any time without this process being asked: its
 * successor has a channel of its own, is asked what its predecessor has not answered or nobody could be asked meanwhile,
 * and, when somebody watches, for all lines.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/control_guest.h"
#include "ipc/control_channel.h"
#include "loop/loop.h"
#include "loop/timer.h"

/* How long a worker has for an answer. */
#define WORKER_TIMEOUT_NS (2ull * 1000 * 1000 * 1000)

enum control_edge {
	CONTROL_EDGE_NONE, /* no change between two known levels */
	CONTROL_EDGE_RISING,
	CONTROL_EDGE_FALLING,
};

struct worker_client;

struct worker_client_ops {
	/* Level or direction of a line is not what it was. */
	void (*changed)(struct worker_client *guest, const struct control_channel_reply *reply, enum control_edge edge);
	/* Whether its front-end is connected, or its driver up, is not what it was. */
	void (*guest_changed)(struct worker_client *guest);
	/* n changes went by unseen; the present state is being asked for. */
	void (*dropped)(struct worker_client *guest, uint32_t n);
};

/* A question to a worker, in its asker's memory. Zero-initialised: none is under way. */
struct worker_query {
	struct worker_client *guest; /* that is asked; NULL: none is under way */
	struct worker_query *next;
	struct control_channel_request request; /* of several lines: what has not come yet */
	bool once; /* done twice it is not what was asked for: not for another worker when one may have done it */
	bool maybe_done;
	uint64_t number; /* of the requests of this channel; 0: it waits for a worker */
	/* From the loop, once a line; with the last one the query is free for the next one. */
	void (*answered)(struct worker_query *query, const struct control_channel_reply *reply);
};

struct worker_line {
	int8_t level; /* 0, 1, -1 unknown, LEVEL_NEVER_REPORTED */
	uint8_t direction;
	uint16_t next; /* in its bucket: offset + 1; 0: the last */
};

struct worker_client {
	const struct worker_client_ops *ops;
	void *ctx;
	struct loop *loop;
	const char *name;
	uint32_t n_lines;
	const struct control_guest *description; /* the caller's */
	int fd;					 /* owned; of the present worker's channel, -1: there is none */
	struct loop_watch watch;
	uint64_t n_sent, n_replies;   /* on this channel: so many of them are answered, the last one perhaps in part */
	bool unread;		      /* its worker died with something in it that it had not read */
	struct worker_query *queries; /* under way */
	uint32_t last_id;
	unsigned watchers;
	bool heard; /* what follows is what the worker said last */
	bool connected, ready;
	uint64_t told_ns; /* its stamp */

	struct worker_line *lines; /* owned */
	uint16_t *buckets;	   /* owned; of the names: offset + 1, 0: empty */
	uint32_t n_buckets;	   /* a power of two */

	/* All lines are asked for, one after the other, because changes went by unseen. */
	struct worker_query sync;
	bool syncing;
	bool sync_retry; /* lines that were asked for already may have changed unseen since */
	struct loop_timer sync_timer;
};

/* description, ops and loop outlive the guest, whose the fd becomes. 0 or -errno: to be deinitialised all the same. */
int worker_client_init(struct worker_client *guest, struct loop *loop, const struct control_guest *description,
		       const struct worker_client_ops *ops, void *ctx);
void worker_client_deinit(struct worker_client *guest);

/* Another worker serves the guest: the channel to it, from now on the guest's. */
void worker_client_renew(struct worker_client *guest, int fd);

/*
 * Asks the worker, or the next one. value: of CONTROL_CHANNEL_INFO, so many lines more. False: the channel is full, and
 * nothing is under way. query->answered is set.
 */
bool worker_client_ask(struct worker_client *guest, struct worker_query *query, enum control_channel_type type,
		       uint32_t line, uint32_t value);
/* Nobody waits for the answer any more. Idempotent. */
void worker_query_cancel(struct worker_query *query);

/* Changes are wanted; as often as asked for, so often to be given up. */
void worker_client_watch(struct worker_client *guest);
void worker_client_unwatch(struct worker_client *guest);
/* "": the line has none. */
const char *worker_client_line_name(const struct worker_client *guest, uint32_t line);
/* The offset of the line of this name, or -1. */
int worker_client_find(const struct worker_client *guest, const char *name);

struct worker_clients {
	struct worker_client *guests;
	size_t n;
	struct wire_client *wires; /* what joins their lines; NULL: nothing, and there is nobody to ask */
};
