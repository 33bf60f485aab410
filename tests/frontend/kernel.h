/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the kernel says about the lines of a chip, and another user of it: GPIO uAPI v2, by no code of the program. */
#pragma once

#include <linux/gpio.h>
#include <stdbool.h>

/* A new fd of the chip. */
int kernel_open(const char *path);
struct gpio_v2_line_info kernel_line(int fd, unsigned line);
/* Whether somebody has the line; waits a little until it is as wanted. */
bool kernel_line_is_used(int fd, unsigned line, bool wanted);

/* How often a line was requested, released and reconfigured. */
struct kernel_changes {
	unsigned requested, released, configured;
	__u64 first_flags; /* GPIO_V2_LINE_FLAG_* of the first change */
};

/* From now on the kernel tells fd of changes. */
void kernel_watch(int fd, unsigned line);
/* What it told since the last call. */
struct kernel_changes kernel_changes(int fd);

/* Takes a line as an input: the fd that holds it. */
int kernel_take(int fd, unsigned line, const char *consumer);
/* The same, and the fd tells about both edges: struct gpio_v2_line_event. */
int kernel_take_edges(int fd, unsigned line, const char *consumer);
