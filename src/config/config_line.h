/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The section [line GUEST.NAME] of a configuration file: one line of a guest. */
#pragma once

#include "base/why.h"
#include "config/attributes.h"
#include "config/guest_config.h"

/* While the section is read. Does not move between begin and end. */
struct config_line {
	char *chip, *line;	   /* owned: the values; NULL: not given */
	struct wanted_line wanted; /* what is known of it; its where is that of the key at hand */
	struct attributes attributes;
	char where[WANTED_WHERE_MAX]; /* of the section */
	struct why *why;
};

/* All: -EINVAL with why; -ENOMEM. */
int config_line_begin(struct config_line *line, const char *where, const char *name, struct why *why);
/* -ENOENT: no such key. */
int config_line_key(struct config_line *line, const char *where, const char *key, const char *value);
/* The known keys, for suggestions; NULL after the last. */
const char *config_line_key_word(unsigned index);
/* Adds the line to its guest. */
int config_line_end(struct config_line *line, struct wanted_guest *guest);
/* When the guest has all its lines: no two were given the same name. */
int config_lines_check(const struct wanted_guest *guest, struct why *why);
void config_line_deinit(struct config_line *line);
