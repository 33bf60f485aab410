/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The lines that one request of a control client is about, named ones or all of all guests, and which of them is the
 * present one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "control/client/request_parse.h"
#include "control/line_lookup.h"
#include "control/worker_client.h"

/* Lines of one request that has a word for several. */
#define LINE_SELECTION_MAX 1024

struct line_selection {
	const struct worker_clients *guests; /* the caller's */
	bool all;
	bool several;		/* words may stand for several lines */
	struct line_ref *named; /* owned; unless all: those of the words */
	const char **words;	/* owned: of each, the request's; NULL: it came of a word for several */
	size_t n_named;
	size_t next;	    /* in named: the present line */
	struct line_ref at; /* of all lines: the present one */
};

/* guests outlives it. 0; -ENOENT: why says which word is no line; -ENOMEM: why says so. Then there is nothing to deinit. */
int line_selection_init(struct line_selection *lines, const struct worker_clients *guests,
			const struct request *request, struct why *why);
/* Idempotent. */
void line_selection_deinit(struct line_selection *lines);
/* In the order of the guests' lines, each once; before the first one is present. */
void line_selection_sort(struct line_selection *lines);

/* Whether there is no present line any more. */
bool line_selection_over(const struct line_selection *lines);
struct line_ref line_selection_present(const struct line_selection *lines);
void line_selection_advance(struct line_selection *lines);
/* The present line's guest does not answer: of all lines, no other one of it is asked for. */
void line_selection_skip(struct line_selection *lines);

/* Of lines that are sorted, or all: whether this one was present already. */
bool line_selection_passed(const struct line_selection *lines, const struct worker_client *guest, uint32_t line);
/* Whether any line of the guest is among them. */
bool line_selection_has_guest(const struct line_selection *lines, const struct worker_client *guest);
