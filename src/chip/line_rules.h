/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the host lays down for one line of a guest: its name, what the guest may do, and what becomes of it while no
 * guest has it. Made from the configuration.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "chip/chip_types.h"

/* What the chip makes of a line that no guest uses. low and high are logical: with active-low, high is low on the wire. */
enum line_idle_state {
	LINE_IDLE_RELEASED, /* given back to the kernel */
	LINE_IDLE_INPUT,
	LINE_IDLE_OUTPUT_LOW,
	LINE_IDLE_OUTPUT_HIGH,
	LINE_IDLE_HOLD, /* as the guest made it; only as an on_disconnect */
};

struct line_rules {
	char name[CHIP_NAME_MAX]; /* what the guest is shown: printable ASCII, unique in its guest, or "" */
	struct chip_line_settings settings;
	bool no_output; /* the guest's direction OUT is answered ERR: "input", "ro" */
	bool no_input;	/* the guest's direction IN and every interrupt is answered ERR: "output" */
	bool no_value;	/* the guest's SET_VALUE is answered ERR: "ro" */
	bool no_irq;
	uint8_t init;	       /* enum line_idle_state, taken when the daemon starts; RELEASED: untouched; never HOLD */
	uint8_t on_disconnect; /* enum line_idle_state, taken when the guest's session ends */
	uint16_t chip;	       /* which of the guest's chips */
	uint32_t offset;       /* of that chip */
};

/* What becomes of a line that goes into this enum line_idle_state when its guest's session ends; for the log. */
extern const char *const line_rules_idle_words[LINE_IDLE_HOLD];

/* Whether the chip can hold the line so while the guest does not use it. */
bool line_rules_allow_idle(const struct line_rules *rules, uint8_t idle);
/*
 * What on_disconnect makes of a line of which no more is known than what the kernel has it as. HOLD: it stays an output of
 * the level that it has. What the rules forbid is not held.
 */
uint8_t line_rules_idle_of_held(const struct line_rules *rules, enum chip_direction direction);
/* How the chip holds the line in this enum line_idle_state, which is neither RELEASED nor HOLD; without edges. */
struct chip_line_config line_rules_idle_config(const struct line_rules *rules, uint8_t idle);
