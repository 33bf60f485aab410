/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The connection to the control socket: JSON Lines. */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct link {
	const char *path;
	FILE *stream; /* owned, for reading; NULL: not connected */
	char *line;   /* owned; the last one that was read */
	size_t line_size;
};

/* 0, or -1 when there is no way (said on stderr). */
int link_open(struct link *link, const char *path);
void link_close(struct link *link);
/* The next object, to be given up by the caller; its text stands in link->line. NULL: there is none (said). */
json_t *link_read(struct link *link);
/* Sends the request and reads the reply, as link_read(). NULL: it is none, or no good one (said). */
json_t *link_exchange(struct link *link, const json_t *request);
