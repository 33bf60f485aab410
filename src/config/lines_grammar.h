/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Which lines a guest gets, in the words of ACRN and more:
 *
 *   LINES = ( '@' CHIP [ '{' LINE (':' LINE)* '}' ] )+      no braces: the whole chip
 *   CHIP  = N | gpiochipN | /path | label | "label" | sim   sim: the guest's own simulated chip
 *   LINE  = SEL [ '=' NAME ] (',' ATTRIBUTE)*               NAME: what the guest is shown; ATTRIBUTE: attributes.h
 *   SEL   = offset | lo-hi | name | "name"
 *   NAMES = [NAME] (':' [NAME])*                            of a simulated chip's lines, from the first on
 *
 * Blanks around words mean nothing. Quotes (words.h) are for names with other characters, and for those that look like
 * something else: 17 is an offset, "17" is a name; sim is the simulated chip, "sim" is a label.
 *
 * where begins each message, and that of a line. -EINVAL with why; -ENOMEM. The guest may have got a part then.
 */
#pragma once

#include "config/guest_config.h"

/* LINES are added to the guest's. */
int lines_parse(const char *where, const char *text, struct guest_config *guest, struct why *why);
/* NAMES for guest->sim lines; what is left out leaves its line without a name. */
int names_parse(const char *where, const char *text, struct guest_config *guest, struct why *why);
/* The whole of text is one CHIP, or one SEL that is no range, counted as one of the guest's lines. */
int lines_chip_parse(const char *where, const char *text, struct config_chip *chip, struct why *why);
int lines_line_parse(const char *where, const char *text, struct guest_config *guest, struct config_line *line,
		     struct why *why);

/* How much of text comes before a ',' that is in no quotes and, with braces, in no braces. */
size_t lines_span(const char *text, bool braces);
