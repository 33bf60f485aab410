/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the user says of one line: "input", "bias=pull-up", ... One table of words drives the parsers of the command
 * line and of the file, their messages, and printing.
 */
#pragma once

#include "config/guest_config.h"

enum attribute_id {
	ATTRIBUTE_RO,
	ATTRIBUTE_INPUT,
	ATTRIBUTE_OUTPUT,
	ATTRIBUTE_NO_IRQ,
	ATTRIBUTE_ACTIVE_LOW,
	ATTRIBUTE_BIAS,
	ATTRIBUTE_DRIVE,
	ATTRIBUTE_DEBOUNCE,
	ATTRIBUTE_INIT,
	ATTRIBUTE_ON_DISCONNECT,
	ATTRIBUTE_WIRE,
	ATTRIBUTES_N,
};

/* Room for "on-disconnect=output-high", "debounce=4294967295us". */
#define ATTRIBUTE_TEXT_MAX 32

/* The attributes of one line while they are read; zero-initialised but for line and why is ready. */
struct attributes {
	struct config_line *line; /* its where is the place that messages name */
	uint32_t given;		  /* bits of enum attribute_id */
	struct why *why;
};

/* "input", or "bias=pull-up" in two parts; value NULL: there is no '='. -EINVAL with why. */
int attributes_take(struct attributes *attributes, const char *word, size_t len, const char *value, size_t value_len);
/*
 * The same from a file, where every word has a value: "bias = pull-up", "active-low = yes", "mode = input". -ENOENT: the
 * key is no attribute.
 */
int attributes_take_key(struct attributes *attributes, const char *key, const char *value);
/* When all are taken: -EINVAL with why when two contradict each other. */
int attributes_check(const struct attributes *attributes);
/* One attribute as the user would write it. "" when the line does not have it. */
void attribute_write(const struct config_line *line, enum attribute_id id, char text[ATTRIBUTE_TEXT_MAX]);
/* The keys of a file, for suggestions; NULL after the last. */
const char *attribute_key(unsigned index);
