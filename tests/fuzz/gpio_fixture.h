/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The GPIO device on the fixture: eight simulated lines, four of them under rules of the host. */
#pragma once

#include "chip/chip.h"
#include "fixture.h"
#include "gpio/virtio_gpio.h"

#define GPIO_FIXTURE_LINES 8

struct gpio_fixture {
	struct chip_spec spec;
	struct chip_found found;
	struct chip *chip;
	void *chip_state;
	struct line_state line_state[GPIO_FIXTURE_LINES];
	struct lines lines;
	struct virtio_gpio gpio;
};

extern struct gpio_fixture gpio_fixture;
extern const struct line_rules gpio_fixture_rules[GPIO_FIXTURE_LINES];

/* fixture_start() and fixture_end() with this device. */
void gpio_fixture_start(void);
void gpio_fixture_end(void);
/* Whatever came: no line is what its rules forbid. */
void gpio_fixture_check_rules(const struct line_state *state);
