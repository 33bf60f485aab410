/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest, as the control process sees it: its worker's port, and what is known of its lines.
 *
 * The names of the lines never change; they are asked for once. Level and direction are what was told last: that is
 * how a change is told from a repetition. A worker may die and be replaced at any time without this process being
 * asked: its successor says hello, and all lines are asked for again when somebody watches.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/control_channel.h"
#include "loop/loop.h"

/* How long a worker has for an answer. */
#define CONTROL_PATIENCE_NS (2ull * 1000 * 1000 * 1000)

#define LEVEL_NEVER_TOLD (-2)

struct control_line {
	char name[CHIP_NAME_MAX]; /* printable ASCII; "" when it has none */
	int8_t level;		  /* 0, 1, -1 unknown, LEVEL_NEVER_TOLD */
	uint8_t direction;
	uint16_t next; /* in its bucket: offset + 1; 0: the last */
};

enum control_edge {
	CONTROL_EDGE_NONE, /* no change between two known levels */
	CONTROL_EDGE_RISING,
	CONTROL_EDGE_FALLING,
};

struct control_guest;

struct control_guest_ops {
	/* The answer to a control_guest_ask(). */
	void (*answered)(struct control_guest *guest, const struct port_reply *reply);
	/* Another worker is there: the one before may have taken questions with it. */
	void (*restarted)(struct control_guest *guest);
	/* Level or direction of a line is not what it was. */
	void (*changed)(struct control_guest *guest, const struct port_reply *reply, enum control_edge edge);
	/* n changes went by unseen; the present state is being asked for. */
	void (*lost)(struct control_guest *guest, uint32_t n);
	/* The names are known now. */
	void (*ready)(struct control_guest *guest);
	/* The supervisor is gone. */
	void (*ended)(struct control_guest *guest);
};

struct control_guest {
	const struct control_guest_ops *ops;
	void *ctx;
	struct loop *loop;
	const char *name;
	int fd; /* the caller's */
	struct loop_watch watch;
	uint32_t last_id;
	unsigned watchers;

	bool ready;		    /* the names of all lines are known */
	uint32_t n_lines;	    /* 0: not known yet */
	struct control_line *lines; /* owned */
	uint16_t *buckets;	    /* owned; of the names: offset + 1, 0: empty */
	uint32_t n_buckets;	    /* a power of two */

	bool syncing;	  /* all lines are being asked for, one after the other */
	uint32_t sync_id; /* of the question that is under way; 0: the port was full */
	uint32_t sync_line;
	bool sync_again; /* lines that were asked for already may have changed unseen since */
	struct loop_timer sync_patience;
};

/* name, fd, ops and loop outlive the guest. 0 or -errno. */
int control_guest_init(struct control_guest *guest, struct loop *loop, const char *name, int fd,
		       const struct control_guest_ops *ops, void *ctx);
void control_guest_deinit(struct control_guest *guest);

/* Asks the worker; the answer will carry the id. 0: the worker's queue is full, it does not answer. */
uint32_t control_guest_ask(struct control_guest *guest, enum port_type type, uint32_t line, uint32_t value);
/* Begins to ask for all lines, for their names, unless it is being done. */
void control_guest_sync(struct control_guest *guest);
/* Changes are wanted; as often as asked for, so often to be given up. */
void control_guest_watch(struct control_guest *guest);
void control_guest_unwatch(struct control_guest *guest);
/* The offset of the line of this name, or -1. */
int control_guest_find(const struct control_guest *guest, const char *name);

struct control_guests {
	struct control_guest *guests;
	size_t n;
};
