/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One line of a client, as JSON, to a request by value. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "ipc/control_channel.h"

/* What "lines" is. */
enum control_words {
	CONTROL_WORDS_SOME,   /* an array */
	CONTROL_WORDS_OR_ALL, /* an array; all lines when it is not there */
	CONTROL_WORDS_VALUES, /* an object, a value for each */
};

/* How the reply is made. */
enum control_style {
	CONTROL_LEVELS, /* an object with the level of each word */
	CONTROL_PAGES,	/* all about each line, and where to go on when there are more */
	CONTROL_STREAM, /* "ok" at once, then the state of each line, then its changes */
};

struct control_command {
	const char *name;
	enum port_type type; /* what is asked for each line */
	enum control_words words;
	enum control_style style;
	const char *values[2]; /* CONTROL_WORDS_VALUES: what stands for 0 and 1; NULL: these numbers */
};

struct control_request {
	const struct control_command *command; /* NULL: none */
	json_t *root;			       /* owned; the words point into it */
	const char **words;		       /* owned */
	uint8_t *values;		       /* owned; 0 or 1 */
	size_t n;			       /* of both; 0: all lines */
	const char *from;		       /* CONTROL_PAGES of all lines: the first one; or NULL */
};

/* 0, or -EINVAL or -ENOMEM with the reason in words; then there is nothing to deinit. */
int control_request_parse(struct control_request *request, const char *line, size_t len, struct why *why);
void control_request_deinit(struct control_request *request);
