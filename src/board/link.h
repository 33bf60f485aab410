/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The connection to the control socket: JSON Lines. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

struct link {
	const char *path;
	struct why *why;  /* the caller's: what is wrong is said there; NULL: on stderr */
	int fd;		  /* owned; -1: not connected */
	char *text;	  /* owned; what has come */
	size_t size, len; /* room, bytes that are there */
	size_t next;	  /* where the next line begins */
	const char *line; /* in text; the last one that was read, without its end */
	bool quiet;	  /* nothing is said of a connection that ended */
	bool repeats;	  /* what is refused is on stdout, too, as it came */
	bool refused;	  /* the last exchange */
};

/* 0, or -1 when there is no way (said, here and below). link is closed, or all zeroes but for what it is to say. */
int link_open(struct link *link, const char *path);
/* Again, after link_close(): the same, and nothing is said. */
int link_reopen(struct link *link);
void link_close(struct link *link);
/* The next object, however long it takes, to be given up by the caller; its text is link->line. NULL: none (said). */
json_t *link_read(struct link *link);
/* The same when one is there already: 1. 0: it is not there yet; -1: there is none any more (said). */
int link_take(struct link *link, json_t **object);
/* The same, by this time of the clock (base/clock.h): 0: none has come; -1: there is none any more. */
int link_next(struct link *link, uint64_t until_ns, json_t **object);
/* Whether somebody else is answered there: to be asked when nothing comes for long. It takes LINK_PROBE_S at most. */
#define LINK_PROBE_S 5
bool link_lives(const struct link *link);
/* Takes what comes, for which it waits. 0, or -1 (said). */
int link_fill(struct link *link);
/* Sends a request, and waits for no reply. 0, or -1 (said). */
int link_send(struct link *link, const json_t *request);
/* Sends the request and reads the reply, whatever it says. NULL: there is none in time (said). */
json_t *link_ask(struct link *link, const json_t *request);
/* Sends the request and reads the reply. NULL: there is none in time, or no good one (said). */
json_t *link_exchange(struct link *link, const json_t *request);
