/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a file says of the daemon, in its section [daemon], beside the guests: the values of options of the same names, as
 * the user wrote them. What they mean is found out where the options are (options/settings.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/why.h"

#define DAEMON_WHERE_MAX 64
#define DAEMON_VALUE_MAX 192 /* of a value that can be printed */

enum daemon_word {
	DAEMON_CONTROL,
	DAEMON_CONTROL_MODE,
	DAEMON_CONTROL_GROUP,
	DAEMON_SOCKET_MODE,
	DAEMON_SOCKET_GROUP,
	DAEMON_BUSY_POLL,
	DAEMON_SANDBOX,
	DAEMON_USER,
	DAEMON_LOG_LEVEL,
	DAEMON_SAFE,
	DAEMON_WORDS_N,
};

/* Zero-initialised is ready, and has no word. */
struct daemon_words {
	struct {
		char *value; /* owned; NULL: not given. Of what is on or off: "" is on */
		char where[DAEMON_WHERE_MAX];
	} of[DAEMON_WORDS_N];
};

void daemon_words_deinit(struct daemon_words *words);
/* The key, and the option, of this number; NULL after the last. */
const char *daemon_word_key(unsigned index);
/* -ENOENT: no such key. -EINVAL with why; -ENOMEM. */
int daemon_words_take(struct daemon_words *words, const char *where, const char *key, const char *value,
		      struct why *why);
bool daemon_words_equal(const struct daemon_words *a, const struct daemon_words *b);
/* The whole section, unless no value is given: values, of DAEMON_WORDS_N, as in struct daemon_words. */
void daemon_words_print(const char *const *values, FILE *file);
