/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The lines that one request of a control client is about, named ones or all of all guests, and which of them is the
 * present one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "control/line_lookup.h"
#include "control/request_parse.h"
#include "control/worker_client.h"

struct control_lines {
	const struct control_guests *guests; /* the caller's */
	bool all;
	struct control_ref *named; /* owned; unless all: those of the words */
	size_t n_named;
	size_t next;	       /* in named: the present line */
	struct control_ref at; /* of all lines: the present one */
};

/* guests outlives it. 0; -ENOENT: why says which word is no line; -ENOMEM: why says so. Then there is nothing to deinit. */
int control_lines_init(struct control_lines *lines, const struct control_guests *guests,
		       const struct control_request *request, struct why *why);
/* Idempotent. */
void control_lines_deinit(struct control_lines *lines);
/* In the order of the guests' lines, each once; before the first one is present. */
void control_lines_sort(struct control_lines *lines);

/* Whether there is no present line any more. */
bool control_lines_over(const struct control_lines *lines);
struct control_ref control_lines_present(const struct control_lines *lines);
void control_lines_advance(struct control_lines *lines);
/* The present line's guest does not answer: of all lines, no other one of it is asked for. */
void control_lines_skip(struct control_lines *lines);

/* Of lines that are sorted, or all: whether this one was present already. */
bool control_lines_passed(const struct control_lines *lines, const struct control_guest *guest, uint32_t line);
/* Whether any line of the guest is among them. */
bool control_lines_have_guest(const struct control_lines *lines, const struct control_guest *guest);
