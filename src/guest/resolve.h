/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * From the configuration to guests: finds chips and lines, gives the lines their names, and finds every conflict, both
 * sides named. Touches no line and makes no socket; reserve_lines.h does what must be tried on the chip.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/guest_config.h"
#include "guest/diagnostics.h"
#include "guest/guest.h"

struct resolve_params {
	bool safe;	 /* --safe: a line without an on-disconnect of its own becomes an input */
	bool check;	 /* --check: a line that a running daemon holds for the same guest is no conflict */
	bool any_holder; /* whoever holds a line: nobody is going to be served, and some lines not even touched */
	/* At a reload: guests whose lines and sockets are taken, and guests whose lines will be free. Pointers to guests. */
	const struct guest *const *serving;
	size_t n_serving;
	const struct guest *const *removing;
	size_t n_removing;
};

struct resolved {
	struct guests guests; /* what could be found, in the order of the description, also after conflicts */
	struct diagnostics conflicts;
	struct diagnostics notes; /* what is no reason to stop: names that are not shown, held lines of a whole chip */
};

/* 0; -EINVAL: there are conflicts; -ENOMEM. In any case resolved is to be given to resolved_deinit(). */
int resolve(const struct guest_configs *configs, const struct resolve_params *params, struct resolved *resolved);
void resolved_deinit(struct resolved *resolved);
