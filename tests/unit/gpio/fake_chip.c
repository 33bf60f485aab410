/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A chip driver for tests of what stands above the chip. */
#include "fake_chip.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

static struct fake_chip *fake_of(struct chip *chip)
{
	return container_of(chip, struct fake_chip, chip);
}

static void operate(struct fake_chip *fake)
{
	if (fake->in_operation)
		fake->in_operation(fake->ctx);
}

__attribute__((format(printf, 2, 3))) static void note(struct chip *chip, const char *format, ...)
{
	struct fake_chip *fake = fake_of(chip);
	size_t len = strlen(fake->journal);
	va_list args;

	va_start(args, format);
	vsnprintf(fake->journal + len, sizeof(fake->journal) - len, format, args);
	va_end(args);
}

static void note_config(struct chip *chip, const struct chip_line_config *config)
{
	if (config->direction == CHIP_DIRECTION_OUT)
		note(chip, "out%u ", config->value);
	else
		note(chip, "in%s%s%s ", config->edges ? "+" : "", config->edges & CHIP_EDGE_RISING ? "r" : "",
		     config->edges & CHIP_EDGE_FALLING ? "f" : "");
}

static int fake_line_info(struct chip *chip, unsigned offset, struct chip_line_info *info)
{
	*info = (struct chip_line_info){
		.used = fake_of(chip)->lines[offset].held,
		.direction = fake_of(chip)->lines[offset].config.direction,
	};
	memcpy(info->name, fake_of(chip)->lines[offset].name, CHIP_NAME_MAX);
	return fake_of(chip)->fail_info;
}

static void hold(struct chip *chip, unsigned offset, const struct chip_line_config *config)
{
	fake_of(chip)->lines[offset].held = true;
	fake_of(chip)->lines[offset].config = *config;
}

static void note_effect(struct chip *chip, unsigned offset, const struct chip_line_config *config)
{
	if (config->direction == CHIP_DIRECTION_OUT)
		fake_of(chip)->lines[offset].driven |= 1u << config->value;
	fake_of(chip)->lines[offset].edges_asked |= config->edges;
}

static int fake_configure(struct chip *chip, unsigned offset, const struct chip_line_config *config)
{
	note(chip, "%u:", offset);
	note_config(chip, config);
	note_effect(chip, offset, config);
	operate(fake_of(chip));
	if (fake_of(chip)->fail_configure)
		return fake_of(chip)->fail_configure;
	hold(chip, offset, config);
	return 0;
}

static int fake_adopt(struct chip *chip, unsigned offset, const struct chip_line_config *config, int fd)
{
	note(chip, "%u:adopt%d+", offset, fd);
	note_config(chip, config);
	note_effect(chip, offset, config);
	if (fake_of(chip)->fail_adopt) {
		fake_of(chip)->lines[offset].held = false;
		return fake_of(chip)->fail_adopt;
	}
	hold(chip, offset, config);
	return 0;
}

static void fake_release(struct chip *chip, unsigned offset)
{
	if (fake_of(chip)->lines[offset].held)
		note(chip, "%u:release ", offset);
	operate(fake_of(chip));
	fake_of(chip)->lines[offset].held = false;
}

static int fake_get(struct chip *chip, unsigned offset)
{
	const struct fake_chip *fake = fake_of(chip);

	note(chip, "%u:get ", offset);
	if (fake->fail_get)
		return fake->fail_get;
	if (!fake->lines[offset].held)
		return -EPERM;
	if (fake->lines[offset].config.direction == CHIP_DIRECTION_OUT)
		return fake->lines[offset].config.value;
	return fake->lines[offset].level;
}

static int fake_set(struct chip *chip, unsigned offset, uint8_t value)
{
	struct fake_chip *fake = fake_of(chip);

	note(chip, "%u:set%u ", offset, value);
	operate(fake);
	fake->lines[offset].driven |= 1u << value;
	if (fake->fail_set)
		return fake->fail_set;
	fake->lines[offset].config.value = value;
	return 0;
}

static const struct chip_driver fake_driver = {
	.name = "fake",
	.line_info = fake_line_info,
	.configure = fake_configure,
	.adopt = fake_adopt,
	.release = fake_release,
	.get = fake_get,
	.set = fake_set,
};

void fake_chip_init(struct fake_chip *fake)
{
	*fake = (struct fake_chip){ .chip = { .driver = &fake_driver, .n_lines = FAKE_LINES } };
}

const char *fake_chip_journal(struct fake_chip *fake)
{
	static char last[sizeof(fake->journal)];

	memcpy(last, fake->journal, sizeof(last));
	fake->journal[0] = '\0';
	return last;
}
