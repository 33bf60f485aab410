/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A real /dev/gpiochipN without hardware: the kernel's gpio-sim, made through configfs, its lines driven and looked at
 * through sysfs. Needs root and such a kernel: tests/e2e/umlbox has both.
 */
#pragma once

#include <stdbool.h>

#define GPIO_SIM_LINES_MAX 64 /* with interrupts, in User-Mode Linux */
/* gpio-sim there delivers an edge with the next tick, of 10 ms; edges closer to each other are one. */
#define GPIO_SIM_EDGE_MS 25

struct gpio_sim_line {
	unsigned offset;
	const char *name;
	const char *hog;	   /* who holds it inside the kernel, NULL: nobody */
	const char *hog_direction; /* "input", "output-high", "output-low" */
};

struct gpio_sim {
	unsigned number; /* of /dev/gpiochipN, while live */
	char path[32];	 /* that device */
	char config[64]; /* the configfs directory; "": there is no chip */
	char sysfs[128]; /* the directory of the lines' attributes, while live */
	unsigned n_lines;
	bool live;
};

/* A chip that is not live yet. Every line not named in lines (offset is below n_lines, ends with a name NULL) is unnamed. */
void gpio_sim_make(struct gpio_sim *sim, unsigned n_lines, const char *label, const struct gpio_sim_line *lines);
/* The same with lines "dummy0", "dummy1", ...: the names of the program's own simulated chips. Live. */
void gpio_sim_make_dummy(struct gpio_sim *sim, unsigned n_lines);
/* Plugs it in, or pulls it out while whoever uses it uses it. The number may be another one each time. */
void gpio_sim_set_live(struct gpio_sim *sim, bool live);
/* Idempotent. */
void gpio_sim_remove(struct gpio_sim *sim);

/* Drives the line from outside; has no effect on an output until that ends. Returns without waiting for the edge. */
void gpio_sim_pull(const struct gpio_sim *sim, unsigned line, bool up);
/* The same, and waits until the kernel has told about the edge. */
void gpio_sim_drive(const struct gpio_sim *sim, unsigned line, bool up);
/* The level of the line, whoever causes it. */
bool gpio_sim_level(const struct gpio_sim *sim, unsigned line);
/* An fd of the attribute that says so ("0\n", "1\n"), to be read again and again with pread(). */
int gpio_sim_open_level(const struct gpio_sim *sim, unsigned line);
/* How often the kernel delivered an edge of the chip's lines to whoever listens: /proc/interrupts, all lines' sum. */
unsigned gpio_sim_interrupts(const char *consumer);
