/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A line on the chip: what the chip is to hold of it, by its state, and bringing it there. */
#pragma once

#include "chip/chip_types.h"
#include "gpio/lines_types.h"

/* Whether the guest uses the line: it has a direction or an interrupt. */
bool line_is_used(const struct line_state *state);
/* Whether the chip holds the line in this state: the guest uses it, or it has an idle state. */
bool line_is_held(const struct line_state *state);

/* What the chip makes of a line that it holds in this state. */
struct chip_line_config line_chip_config(const struct line_rules *rules, const struct line_state *state);
/* Brings the chip's line in step with what the state should become. A released one is free after chip_settle(). */
int line_chip_apply(struct lines *lines, uint16_t line, const struct line_state *state);
/* Whether the chip's line is the same in both states, for as long as the chip has what the state says. */
bool line_chip_same(const struct line_rules *rules, const struct line_state *a, const struct line_state *b);
/* For an interrupt that fires by level: a level that cannot be read is not active. */
bool line_chip_level(struct lines *lines, uint16_t line);

/*
 * This one of the guest's chips (struct line_rules) is back, and every old request of its lines is closed: brings it in
 * step with what the guest, or the host's rules, made of its lines.
 */
void line_chip_restore(struct lines *lines, uint16_t chip);
/* Whether that has something to do for a chip that is there: it was gone when the lines were attached. */
bool line_chip_is_stale(const struct lines *lines, uint16_t chip);
