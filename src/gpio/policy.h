/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The host's rules for a line, as questions. They bind the guest, and what is believed of a saved session. */
#pragma once

#include "gpio/lines_types.h"

/* What a guest may ask for. Of values in the range of their type. */
bool policy_allows_direction(const struct line_rules *rules, uint32_t direction);
bool policy_allows_value(const struct line_rules *rules);
bool policy_allows_irq(const struct line_rules *rules, uint32_t type);

/* Whether the line can be in this state; any bytes. */
bool policy_allows_state(const struct line_rules *rules, const struct line_state *state);
bool policy_allows_note(const struct line_rules *rules, const struct reconnect_note *note);
