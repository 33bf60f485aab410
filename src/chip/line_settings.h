/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the host forces on a line, with each request and reconfiguration, and all that a new setting of a few values
 * needs below config/: its field here, its values and its flags in line_settings.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum chip_bias {
	CHIP_BIAS_AS_IS,
	CHIP_BIAS_DISABLED,
	CHIP_BIAS_PULL_UP,
	CHIP_BIAS_PULL_DOWN,
};

enum chip_drive {
	CHIP_DRIVE_PUSH_PULL,
	CHIP_DRIVE_OPEN_DRAIN,
	CHIP_DRIVE_OPEN_SOURCE,
};

/*
 * All zero: nothing. With active_low every value and edge of the interface is the logical one: 1 is active, that is low
 * on the wire.
 */
struct chip_line_settings {
	bool active_low;
	uint8_t bias;	      /* enum chip_bias */
	uint8_t drive;	      /* enum chip_drive; of outputs */
	uint32_t debounce_us; /* of inputs; 0: none */
};

/* A value of a setting: in the words of a user, in the field, and in a line request. */
struct line_setting_value {
	const char *word; /* NULL ends a list */
	uint8_t value;
	uint64_t flag; /* GPIO_V2_LINE_FLAG_*; 0: none */
};

extern const struct line_setting_value line_settings_bias[], line_settings_drive[];

/* The flags of a request. The kernel refuses those of outputs for an input. */
uint64_t line_settings_flags(const struct chip_line_settings *settings, bool output);
/* Whether a chip can refuse them. The kernel emulates active-low and every drive. */
bool line_settings_refusable(const struct chip_line_settings *settings, bool output);
