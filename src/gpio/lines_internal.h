/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Shared by lines.c (at work), create.c (start and end), reconnect.c, idle_state.c, policy.c and line_transfer.c; of no use to others. */
#pragma once

#include "gpio/lines.h"

/* idle_state.c */

/* Whether the guest uses the line: it has a direction or an interrupt. */
bool line_is_used(const struct line_state *state);
/* Whether the chip holds the line in this state: the guest uses it, or it rests as something. */
bool line_is_held(const struct line_state *state);
/* What the chip makes of a line that it holds in this state. */
struct chip_line_config line_chip_config(const struct line_rules *rules, const struct line_state *state);
/* Brings the chip's line in step with what the state should become. A released one is free after chip_settle(). */
int line_apply(struct lines *lines, uint16_t line, const struct line_state *state);

/* Whether the chip's line is the same in both states, for as long as the chip has what the state says. */
bool line_stays(const struct line_rules *rules, const struct line_state *a, const struct line_state *b);

/* reconnect.c */

/* The edges that are still looked for while the front-end is away, if the line is an input then. */
enum chip_edge line_left_edges(const struct line_left *left);
/* One of them came. */
void line_left_edge(struct lines *lines, uint16_t line);
bool line_left_plausible(const struct lines *lines, uint16_t line, const struct line_left *left);

/* create.c: whether the line can be in this state, under its rules. */
bool line_state_plausible(const struct lines *lines, uint16_t line, const struct line_state *state);

/* lines.c */

/* Logs a failed operation of the host; error is -errno. */
void lines_failed(struct lines *lines, uint16_t line, const char *operation, int error);
void lines_changed(struct lines *lines, uint16_t line);
/* For an interrupt that fires by level: a level that cannot be read is not active. */
bool line_is_level(struct lines *lines, uint16_t line);
/* Tells the user of the lines what to do with a buffer it holds. */
void lines_answer(struct lines *lines, uint16_t line, enum irq_action action);

/* policy.c: what a guest may make of a line, and what may be left of it. Of values in the range of their type. */

bool rules_allow_direction(const struct line_rules *rules, uint32_t direction);
bool rules_allow_value(const struct line_rules *rules);
bool rules_allow_irq(const struct line_rules *rules, uint32_t type);
/* Whether a line under these rules can rest so. */
bool rules_allow_rest(const struct line_rules *rules, uint8_t rest);
