/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The section [line GUEST.NAME] of a configuration file: one line of a guest. */
#pragma once

#include "config/attributes.h"
#include "config/guest_config.h"

struct line_section_word {
	char *text; /* owned; NULL: not given */
	char where[CONFIG_WHERE_MAX];
};

/* While the section is read. Does not move between begin and end. */
struct line_section {
	struct line_section_word own[2]; /* chip and line */
	struct config_line config;	 /* what is known of it; its where is that of the key at hand */
	struct attributes attributes;
	char where[CONFIG_WHERE_MAX]; /* of the section */
	struct why *why;
};

/* All: -EINVAL with why; -ENOMEM. */
int line_section_begin(struct line_section *line, const char *where, const char *name, struct why *why);
/* -ENOENT: no such key. */
int line_section_key(struct line_section *line, const char *where, const char *key, const char *value);
/* The known keys, for suggestions; NULL after the last. */
const char *line_section_key_word(unsigned index);
/* Adds the line to its guest, none of whose lines has this name. */
int line_section_end(struct line_section *line, struct guest_config *guest);
void line_section_deinit(struct line_section *line);
