/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What becomes of lines that no guest uses any longer. */
#pragma once

#include "gpio/lines_types.h"

/*
 * The guest's session ends: the device is reset, the front-end went away, the daemon stops. Interrupts NONE, latches
 * empty, no values; every line takes its on_disconnect, also one that the guest did not use, in one step from what it is
 * now and without any when it is that already. What the chip refuses is logged, and that line released. The buffers are
 * not answered: their ring is gone.
 */
void idle_state_enter(struct lines *lines);
/* The same, but what lines_reconnect_save() noted stays. */
void idle_state_enter_noted(struct lines *lines);

/*
 * Of a line of which only the rules are known, because its session was dropped. stored: an earlier process left a
 * request of it. Never HOLD.
 */
uint8_t idle_state_of_dropped(struct lines *lines, uint16_t line, bool stored);
