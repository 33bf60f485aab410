/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Chips of guests that were unplugged and come back.
 *
 * A chip that looks like the one that is gone, by its label and its number of lines, need not be it: of two adapters of
 * one kind either would drive the other's board. Which one it is,
 *   - the path says that the user gave: the chip is the one that the path leads to, once it does;
 *   - the label says, when one chip only has it; so does it for a chip that was given by its number, which the kernel
 *     does not give again while anybody has the old chip open.
 * Where neither says it, no chip is taken, and the log says so.
 */
#pragma once

#include "broker/chip_watch.h"
#include "supervisor/guest_set.h"

/*
 * Looks for the chips that are gone, after what the watch has told: a node or a path changed, or anything (NULL: then a
 * chip that stands there is as good as one that comes). Workers and their successors learn of those that are back. The
 * paths that are waited for are followed by the watch.
 */
void chip_replug_look(const struct guest_set *set, struct chip_watch *watch, const char *path);
