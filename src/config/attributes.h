/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the user says of one line: "input", "bias=pull-up", ... One table of words in attributes.c drives the parsers of
 * the command line and of the file, their messages, --print-config and --check: a new attribute is a row there.
 */
#pragma once

#include "config/guest_config.h"

/* Room for "on-disconnect=output-high", "debounce=4294967295us". */
#define ATTRIBUTE_TEXT_MAX 32
/* Room for all attributes of a line, with commas between them. */
#define ATTRIBUTES_TEXT_MAX 384

/* The attributes of one line while they are read; zero-initialised but for line and why is ready. */
struct attributes {
	struct config_line *line; /* its where begins messages */
	uint32_t given;		  /* a bit for each row */
	struct why *why;
};

/* "input", or "bias=pull-up" in two parts; value NULL: there is no '='. -EINVAL with why. */
int attributes_take(struct attributes *attributes, const char *word, size_t len, const char *value, size_t value_len);
/*
 * The same from a file, where every word has a value: "bias = pull-up", "active-low = yes", "mode = input". -ENOENT: the
 * key is no attribute.
 */
int attributes_take_key(struct attributes *attributes, const char *key, const char *value);
/* When all are taken: -EINVAL with why when two cannot be combined. */
int attributes_check(const struct attributes *attributes);
/*
 * The attributes of a line as the user would write them, one after the other, from *index 0 on. False: there are no
 * more.
 */
bool attributes_write(const struct config_line *line, unsigned *index, char text[ATTRIBUTE_TEXT_MAX]);
/* The keys of a file, for suggestions; NULL after the last. */
const char *attribute_key(unsigned index);
