/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the user says of one guest: socket, lines, sim, ... One table of keys in guest_keys.c drives --guest, the sections
 * of a file, their messages and --print-config: a new key is a row there, and what it sets a member of guest_settings.h.
 * The values are collected first and applied in the table's order, so that the user's order means nothing.
 */
#pragma once

#include <stdio.h>

#include "config/guest_config.h"

#define GUEST_KEYS_MAX 16

/* Zero-initialised is ready. */
struct guest_keys {
	struct {
		char *value; /* owned; NULL: not given */
		char where[CONFIG_WHERE_MAX];
	} of[GUEST_KEYS_MAX];
};

void guest_keys_deinit(struct guest_keys *keys);
/* NULL after the last. "name" is the first: in a file it is not a key. */
const char *guest_key_word(unsigned index);
/* Takes one value; where begins messages. -ENOENT: no such key. -EINVAL with why; -ENOMEM. */
int guest_keys_take(struct guest_keys *keys, const char *where, const char *key, size_t key_len, const char *value,
		    size_t value_len, struct why *why);
/* Gives the guest what was taken. -EINVAL with why; -ENOMEM. */
int guest_keys_apply(const struct guest_keys *keys, struct guest_config *guest, struct why *why);
/* When the guest has all its lines: a simulated chip that no words pick lines from is a whole one. -EINVAL with why. */
int guest_complete(struct guest_config *guest, struct why *why);
/* All but the name, as lines of a file: "key = value". */
void guest_keys_print(const struct guest_config *guest, FILE *file);
