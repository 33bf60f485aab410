/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One line of a client, as JSON, to a request by value. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "ipc/control_channel.h"

#define REQUEST_ID_MAX 64

/* What "lines" is. */
enum request_words {
	REQUEST_WORDS_SOME,   /* an array */
	REQUEST_WORDS_OR_ALL, /* an array; all lines when it is not there */
	REQUEST_WORDS_VALUES, /* an object, a value for each */
	REQUEST_WORDS_TWO,    /* an array of two */
	REQUEST_WORDS_NONE,   /* not there */
};

/* How the reply is made. */
enum request_style {
	REQUEST_LEVELS, /* an object with the level of each word */
	REQUEST_PAGES,	/* all about each line, and where to go on when there are more */
	REQUEST_WIRE,	/* "ok", when the supervisor has done it */
	REQUEST_UNWIRE, /* the same */
	REQUEST_WIRES,	/* all about each wire */
	REQUEST_STREAM, /* "ok" at once, then the state of each line, then its changes */
};

struct request_command {
	const char *name;
	enum control_channel_type type; /* what is asked for each line */
	enum request_words words;
	enum request_style style;
	const char *values[2]; /* REQUEST_WORDS_VALUES: what stands for 0 and 1; NULL: these numbers */
	bool once;	       /* done twice it is not what was asked for */
};

struct request {
	const struct request_command *command; /* NULL: none */
	json_t *root;			       /* owned; the words point into it */
	const char **words;		       /* owned */
	uint8_t *values;		       /* owned; 0 or 1 */
	size_t n;			       /* of both; 0: all lines */
	bool invert;			       /* REQUEST_WIRE */
	uint32_t delay_us;		       /* REQUEST_WIRE */
	const char *from;		       /* REQUEST_PAGES of all lines: the first one; or NULL */
	const json_t *id;		       /* of root: the client's name for it, which the reply repeats; or NULL */
};

/* 0, or -EINVAL or -ENOMEM with the reason in words; then all that there may be is the id. To be deinitialised anyway. */
int request_parse(struct request *request, const char *line, size_t len, struct why *why);
void request_deinit(struct request *request);
