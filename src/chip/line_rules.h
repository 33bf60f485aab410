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

/* How the chip holds the line in this enum line_idle_state, which is neither RELEASED nor HOLD; without edges. */
struct chip_line_config line_rules_idle_config(const struct line_rules *rules, uint8_t idle);
