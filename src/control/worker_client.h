/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest, as the control process sees it: its worker's port, and what is known of its lines.
 *
 * The names of the lines are the supervisor's. Level and direction are what the worker told last: that is how a change
 * is told from a repetition. A worker may die and be replaced at any time without this process being asked: its
 * successor says hello, is asked what its predecessor has not answered, and, when somebody watches, for all lines.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/control_guest.h"
#include "ipc/control_channel.h"
#include "loop/loop.h"

/* How long a worker has for an answer. */
#define CONTROL_PATIENCE_NS (2ull * 1000 * 1000 * 1000)

enum control_edge {
	CONTROL_EDGE_NONE, /* no change between two known levels */
	CONTROL_EDGE_RISING,
	CONTROL_EDGE_FALLING,
};

struct control_guest;

struct control_guest_ops {
	/* Level or direction of a line is not what it was. */
	void (*changed)(struct control_guest *guest, const struct port_reply *reply, enum control_edge edge);
	/* n changes went by unseen; the present state is being asked for. */
	void (*lost)(struct control_guest *guest, uint32_t n);
	/* The supervisor is gone. */
	void (*ended)(struct control_guest *guest);
};

/* A question to a worker, in its asker's memory. Zero-initialised: none is under way. */
struct control_query {
	struct control_guest *guest; /* that is asked; NULL: none is under way */
	struct control_query *next;
	struct port_request request;
	/* From the loop; by then the query is free for the next one. */
	void (*answered)(struct control_query *query, const struct port_reply *reply);
};

struct control_line {
	int8_t level; /* 0, 1, -1 unknown, LEVEL_NEVER_TOLD */
	uint8_t direction;
	uint16_t next; /* in its bucket: offset + 1; 0: the last */
};

struct control_guest {
	const struct control_guest_ops *ops;
	void *ctx;
	struct loop *loop;
	const char *name;
	uint32_t n_lines;
	const struct control_outlet *outlet; /* the caller's; its fd, too */
	struct loop_watch watch;
	struct control_query *queries; /* under way */
	uint32_t last_id;
	unsigned watchers;

	struct control_line *lines; /* owned */
	uint16_t *buckets;	    /* owned; of the names: offset + 1, 0: empty */
	uint32_t n_buckets;	    /* a power of two */

	/* All lines are asked for, one after the other, because changes went by unseen. */
	struct control_query sync;
	bool syncing;
	bool sync_again; /* lines that were asked for already may have changed unseen since */
	struct loop_timer sync_patience;
};

/* outlet, ops and loop outlive the guest. 0 or -errno: to be deinitialised all the same. */
int control_guest_init(struct control_guest *guest, struct loop *loop, const struct control_outlet *outlet,
		       const struct control_guest_ops *ops, void *ctx);
void control_guest_deinit(struct control_guest *guest);

/* Asks the worker. False: the worker's queue is full, and nothing is under way. query->answered is set. */
bool control_guest_ask(struct control_guest *guest, struct control_query *query, enum port_type type, uint32_t line,
		       uint32_t value);
/* Nobody waits for the answer any more. Idempotent. */
void control_query_cancel(struct control_query *query);

/* Changes are wanted; as often as asked for, so often to be given up. */
void control_guest_watch(struct control_guest *guest);
void control_guest_unwatch(struct control_guest *guest);
/* "": the line has none. */
const char *control_guest_line_name(const struct control_guest *guest, uint32_t line);
/* The offset of the line of this name, or -1. */
int control_guest_find(const struct control_guest *guest, const char *name);

struct control_guests {
	struct control_guest *guests;
	size_t n;
};
