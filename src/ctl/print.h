/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The daemon's answers as text, in the formats of the tools of libgpiod 2: gpioinfo, gpioget, gpiomon. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* A word of the daemon's, which may be anything: what is not printable ASCII becomes '?'. */
void print_word(const char *word);
/* A reply to "info". whole: all lines, a table for each guest; otherwise one line for each. False: a guest is silent. */
bool print_info(const json_t *reply, bool whole);
/* Its lines, by the words for them. */
void print_names(const json_t *reply);
/* Replies with levels: "L"=active "M"=inactive; numeric: 1 0. */
void print_levels(const json_t *replies, bool numeric);
/* A state or a change of a monitor, in one form. Errors are said on stderr. */
void print_event(const json_t *event);
