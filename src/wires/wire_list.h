/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The wires that there are. */
#pragma once

#include "config/guest_config.h"
#include "guest/diagnostics.h"
#include "wires/wire.h"

void wire_list_deinit(struct wire_list *list);
int wire_list_copy(struct wire_list *list, const struct wire_list *from);

/*
 * Adds it, if its ends are simulated lines that no wire joins yet, and what comes of it has an end (wire_nets.h). -errno, with
 * why, and the list is as before.
 */
int wire_list_add(struct wire_list *list, const struct wire_guests *guests, const struct wire *wire, struct why *why);
/* Takes out the wire between these two, whichever end is which. -ENOENT, with why. */
int wire_list_remove(struct wire_list *list, const struct wire_guests *guests, const struct wire_end ends[2],
		     struct why *why);
/* The wires of the configuration; what is wrong with any is a conflict, and -EINVAL. -ENOMEM. list is to be deinitialised. */
int wire_list_resolve(struct wire_list *list, const struct guest_configs *configs, const struct wire_guests *guests,
		      struct diagnostics *conflicts);
