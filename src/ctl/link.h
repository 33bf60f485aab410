/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The connection to the control socket: JSON Lines. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct link {
	const char *path;
	int fd;		  /* owned; -1: not connected */
	char *text;	  /* owned; what has come */
	size_t size, len; /* room, bytes that are there */
	size_t next;	  /* where the next line begins */
	const char *line; /* in text; the last one that was read, without its end */
};

/* 0, or -1 when there is no way (said on stderr). */
int link_open(struct link *link, const char *path);
void link_close(struct link *link);
/* The next object, however long it takes, to be given up by the caller; its text is link->line. NULL: none (said). */
json_t *link_read(struct link *link);
/* Sends the request and reads the reply. NULL: there is none in time, or no good one (said). */
json_t *link_exchange(struct link *link, const json_t *request);
