/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The values of settings. */
#include "chip/line_settings.h"

#include <linux/gpio.h>

const struct line_setting_value line_settings_bias[] = {
	{ "pull-up", CHIP_BIAS_PULL_UP, GPIO_V2_LINE_FLAG_BIAS_PULL_UP },
	{ "pull-down", CHIP_BIAS_PULL_DOWN, GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN },
	{ "disabled", CHIP_BIAS_DISABLED, GPIO_V2_LINE_FLAG_BIAS_DISABLED },
	{ "as-is", CHIP_BIAS_AS_IS, 0 },
	{ 0 },
};

const struct line_setting_value line_settings_drive[] = {
	{ "push-pull", CHIP_DRIVE_PUSH_PULL, 0 },
	{ "open-drain", CHIP_DRIVE_OPEN_DRAIN, GPIO_V2_LINE_FLAG_OPEN_DRAIN },
	{ "open-source", CHIP_DRIVE_OPEN_SOURCE, GPIO_V2_LINE_FLAG_OPEN_SOURCE },
	{ 0 },
};

static uint64_t flag_of(const struct line_setting_value *values, uint8_t value)
{
	while (values->word && values->value != value)
		values++;
	return values->flag;
}

uint64_t line_settings_flags(const struct chip_line_settings *settings, bool output)
{
	return (settings->active_low ? GPIO_V2_LINE_FLAG_ACTIVE_LOW : 0) | flag_of(line_settings_bias, settings->bias) |
	       (output ? flag_of(line_settings_drive, settings->drive) : 0);
}

bool line_settings_refusable(const struct chip_line_settings *settings, bool output)
{
	return settings->bias != CHIP_BIAS_AS_IS || (!output && settings->debounce_us > 0);
}
