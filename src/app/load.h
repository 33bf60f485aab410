/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the settings describe, for main() and startup.h: what is wrong is said on stderr, every int is an exit status. */
#pragma once

#include "guest/resolve.h"
#include "options/settings.h"
#include "wires/wire_list.h"

/* In any case configs is to be given to guest_configs_deinit(). */
int load_configs(const struct settings *settings, struct guest_configs *configs);
/*
 * Finds the guests, and what else a start needs; conflicts and notes are only collected. As resolve(). In any case
 * resolved is to be given to resolved_deinit().
 */
int find_guests(const struct settings *settings, const struct guest_configs *configs,
		const struct resolve_params *params, struct resolved *resolved);
/* The same, and says the conflicts. In any case resolved is to be given to resolved_deinit(). */
int load_guests(const struct settings *settings, const struct guest_configs *configs,
		const struct resolve_params *params, struct resolved *resolved);
/* Finds what wires join: lines of these guests. In any case wires is to be given to wire_list_deinit(). */
int load_wires(const struct guest_configs *configs, const struct guests *guests, struct wire_list *wires,
	       struct diagnostics *conflicts);
/* Prints each in a line of its own. */
void diagnostics_print(const struct diagnostics *diagnostics);
