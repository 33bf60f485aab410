/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Lines, and sockets, that two guests were given, or one guest twice. */
#pragma once

#include "guest/diagnostics.h"
#include "guest/guest.h"

/*
 * Adds a conflict for each line and socket path that is given twice among guests, or that one of the serving guests has.
 * Both sides are named. 0 or -ENOMEM.
 */
int conflicts_find(const struct guests *guests, const struct guest *const *serving, size_t n_serving,
		   struct diagnostics *conflicts);
