/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Guests a, b, c, ... of 8 simulated lines "x0" to "x7", as many as a test wants; of the last one the last line is real. */
#pragma once

#include "rows.h"

#include "wires/wire_list.h"

#define FIXTURE_LINES 8

/* n of them; NULL-terminated lists are made anew at each call. */
const struct wire_guests *fixture_guests(size_t n);
/* Adds the wire of these words: 0, or -errno with what why says. */
int fixture_wire(struct wire_list *list, const struct wire_guests *guests, const char *words, struct why *why);
