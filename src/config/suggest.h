/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What to say of a word that is none of those known: which of them was meant, or which there are. */
#pragma once

#include <stddef.h>

#include "base/why.h"

/* known(0), known(1), ... are the known words, then NULL. */

/* The known word that is nearest to this one, or with which this one begins; NULL: none is near. */
const char *suggest_word(const char *word, size_t len, const char *(*known)(unsigned index));
/*
 * To why: "where: unknown key "scoket"; did you mean "socket"?", or, when no known word is near, "where: unknown key "x"
 * (name, socket)". -EINVAL.
 */
int suggest(struct why *why, const char *where, const char *what, const char *word, size_t len,
	    const char *(*known)(unsigned index));
