/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Words as users write them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "chip/chip.h"

/*
 * Quotes are for words with characters that mean something else: "Red LED: left". Inside, a backslash goes before '"',
 * '\' and ';' (which begins a comment in a file, when a blank is before it).
 */

/* The bytes from the opening quote, which text is at, to the closing one, both included; 0: there is none. */
size_t quoted_span(const char *text);
/* Room for a name in quotes. */
#define QUOTED_NAME_MAX (2 * CHIP_NAME_MAX + 2)
/*
 * What is meant by text, len bytes as quoted_span() says. *word is cut after size - 1 bytes. Returns the full length as
 * snprintf() does, or -EINVAL: a backslash is before another character.
 */
int quoted_read(const char *text, size_t len, char *word, size_t size);
void quoted_write(const char *word, char *text, size_t size);
/* Whether it has none but such characters as never need quotes; words with others are printed in quotes. */
bool word_is_plain(const char *word);
/*
 * What nobody means who does not quote it, in words that follow it in a message; NULL: nothing. has_blanks: a word of
 * its kind may have blanks without quotes, but none before a '#'.
 */
const char *unquoted_fault(const char *word, size_t len, bool has_blanks);
/*
 * The name of a line, or the label of a chip, from its word, which is quoted when it begins so: what the kernel can hold
 * and the specification lets a guest see (virtio 1.3, 5.18.6.1: 7-bit ASCII), 1 to CHIP_NAME_MAX - 1 bytes. -EINVAL with
 * why, which begins with where and what: "--guest: chip". has_blanks: see above.
 */
int name_read(const char *where, const char *what, const char *word, size_t len, bool has_blanks,
	      char name[CHIP_NAME_MAX], struct why *why);

/* Blanks, as they may stand around words. */
size_t blank_span(const char *text, size_t len);
/* len without the blanks at the end. */
size_t blank_trim(const char *text, size_t len);
/* How many bytes of a word a message repeats. */
int word_shown(size_t len);
