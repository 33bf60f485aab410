/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The GPIO device on the bench: eight simulated lines, four of them under rules of the host. */
#pragma once

#include "fixture.h"
#include "chip/chip.h"
#include "gpio/virtio_gpio.h"

#define GPIO_BENCH_LINES 8

struct gpio_bench {
	struct chip_spec spec;
	struct chip_found found;
	struct chip *chip;
	void *chip_state;
	struct line_state line_state[GPIO_BENCH_LINES];
	struct lines lines;
	struct virtio_gpio gpio;
};

extern struct gpio_bench gpio_bench;
extern const struct line_rules gpio_bench_rules[GPIO_BENCH_LINES];

/* bench_start() and bench_end() with this device. */
void gpio_bench_start(void);
void gpio_bench_end(void);
/* Whatever came: no line is what its rules forbid. */
void gpio_bench_check_rules(const struct line_state *state);
