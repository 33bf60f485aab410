/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The table of settings. */
#include "chip/line_settings.h"

#include <linux/gpio.h>
#include <stddef.h>

#include "base/util.h"

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

static const struct line_setting_value active_low[] = {
	{ "yes", true, GPIO_V2_LINE_FLAG_ACTIVE_LOW },
	{ 0 },
};

static const struct setting {
	size_t field; /* a byte of struct chip_line_settings */
	const struct line_setting_value *values;
	bool of_outputs; /* an input is requested without it */
	bool refusable;
} settings_table[] = {
	{ offsetof(struct chip_line_settings, active_low), active_low, .of_outputs = false },
	{ offsetof(struct chip_line_settings, bias), line_settings_bias, .refusable = true },
	{ offsetof(struct chip_line_settings, drive), line_settings_drive, .of_outputs = true },
};

static uint8_t value_of(const struct chip_line_settings *settings, const struct setting *setting)
{
	return *((const uint8_t *)settings + setting->field);
}

uint64_t line_settings_flags(const struct chip_line_settings *settings, bool output)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(settings_table); i++) {
		const struct setting *setting = &settings_table[i];

		for (const struct line_setting_value *value = setting->values; value->word; value++) {
			if (value->value == value_of(settings, setting) && (output || !setting->of_outputs))
				flags |= value->flag;
		}
	}
	return flags;
}

bool line_settings_refusable(const struct chip_line_settings *settings, bool output)
{
	bool refusable = !output && settings->debounce_us > 0;

	for (size_t i = 0; i < ARRAY_SIZE(settings_table); i++)
		refusable |= settings_table[i].refusable && value_of(settings, &settings_table[i]) != 0;
	return refusable;
}
