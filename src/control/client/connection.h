/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One connection to the control socket: lines in, lines out, both bounded.
 *
 * A client's next line is read only when the last one is dealt with and its answer has gone out; so a client that asks
 * and does not read stops itself. What is sent unasked (monitor) has a bound: a client that does not keep up is dropped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "loop/loop.h"

#define CONTROL_LINE_MAX 4096
/* Bytes that may wait for a client that monitors. */
#define CONTROL_STREAM_MAX (256ul * 1024)

struct control_connection;

struct control_connection_ops {
	/* A line, without its end; gone afterwards. May set connection->busy: then control_connection_idle() ends that. */
	void (*line)(struct control_connection *connection, const char *line, size_t len);
	/* All that was written has gone out. */
	void (*drained)(struct control_connection *connection);
	/* The client is gone, or was dropped. Called once, from the loop: the owner may free the connection. */
	void (*ended)(struct control_connection *connection);
};

struct control_connection {
	const struct control_connection_ops *ops;
	struct loop *loop;
	int fd; /* owned */
	struct loop_watch watch;
	struct loop_defer work;
	uint32_t events; /* that the watch waits for */
	pid_t pid;	 /* the client's, for the log */
	uint64_t seq;	 /* of what was told unasked, the number of the last one */
	bool has_asked;	 /* a whole line, whatever stood in it */
	bool busy;
	bool input_ended;
	bool streams; /* lasts until the client has closed it: what it is sent unasked goes on */
	bool closing; /* to be closed once all has gone out */
	bool dropped;
	size_t in_len;
	char *out; /* owned */
	size_t out_start, out_len, out_capacity;
	char in[CONTROL_LINE_MAX];
};

/* fd becomes the connection's, whatever the result. 0 or -errno. */
int control_connection_init(struct control_connection *connection, struct loop *loop, int fd,
			    const struct control_connection_ops *ops);
/* Idempotent. */
void control_connection_deinit(struct control_connection *connection);

/* Sends text and an end of line. */
void control_connection_write(struct control_connection *connection, const char *text);
/* The same for what the client did not ask for one by one: drops it when too much waits. */
void control_connection_stream(struct control_connection *connection, const char *text);
/* It does not read what it is sent unasked: drops it, and says so. */
void control_connection_refuse_stream(struct control_connection *connection);
/* How many bytes wait. */
size_t control_connection_waiting(const struct control_connection *connection);
/* The line is dealt with: the next one may come. */
void control_connection_idle(struct control_connection *connection);
void control_connection_drop(struct control_connection *connection);
