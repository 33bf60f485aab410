/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The front-end went away without a word and may connect again: what its guest made of each line is noted in
 * line_state.note, and put back when it is known to be the same one. Each step can be done again by a successor.
 */
#pragma once

#include "gpio/lines_types.h"

/* Notes what the guest made of the lines. idle_state_enter_noted() is to follow. */
void lines_reconnect_save(struct lines *lines);
/*
 * It is the same front-end: makes the lines as they were noted; buffers come again, and an edge that was seen meanwhile
 * is latched.
 */
void lines_reconnect_restore(struct lines *lines);

/* An edge of a line whose front-end is away was latched in the note: no other is looked for. */
void lines_reconnect_latched(struct lines *lines, uint16_t line);
