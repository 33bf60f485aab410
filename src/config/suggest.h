/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What to say of a word that is none of those known: which of them was meant, or which there are. */
#pragma once

#include <stddef.h>

/*
 * "unknown key "scoket"; did you mean "socket"?", or, when no known word is near, "unknown key "x" (name, socket)".
 * known(0), known(1), ... are the known words, then NULL.
 */
void unknown_write(const char *what, const char *word, size_t len, const char *(*known)(unsigned index), char *text,
		   size_t size);
