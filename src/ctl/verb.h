/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What vgpioctl can be asked to do: one table of verbs drives the calls and the help. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ctl/call.h"

struct verb {
	const char *name;
	/* The requests that the words make, the caller's; NULL: they make none (said). */
	json_t *(*requests)(const struct call *call, const struct verb *verb);
	bool (*options_are_good)(struct call *call); /* or NULL; false: they are not (said), and nothing is done */
	int (*run)(struct call *call, const json_t *requests); /* returns the exit status */
	int (*alone)(struct call *call); /* the same, in place of both: it connects when its words are good */
	unsigned options;		 /* bits of enum call_option: those that it takes */
	const char *word;		 /* how the help calls each word */
	bool needs_words;
	bool is_whole;		  /* word stands for all of them */
	bool each_once;		  /* a word that stands there twice says nothing more */
	bool levels;		  /* the protocol has numbers for the values */
	const char *values[2][4]; /* what may stand behind '=' for 0 and for 1 */
	const char *help;
};

/* The verb of this name. NULL: there is none. */
const struct verb *verb_find(const char *name);
/* The verb that may have been meant; NULL: none. */
const char *verb_near(const char *name);
/* "get L...", as the help has it. */
void verb_print_usage(const struct verb *verb, char *text, size_t size);
/* The i-th verb; those that are not there yet, which have no function, come last. NULL after the last. */
const struct verb *verb_at(size_t i);
