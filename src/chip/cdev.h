/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Shared by cdev.c (a chip in use) and cdev_found.c (a chip that was found, and is not in use yet). */
#pragma once

#include "base/why.h"
#include "chip/chip.h"

/* The one door to the kernel. 0 or -errno. */
int cdev_ioctl(int fd, unsigned long number, void *argument);

/* Those of struct chip_driver. */
int cdev_probe(const struct chip_spec *spec, struct chip_found *found, struct why *why);
bool cdev_is_gone(const struct chip_found *found);
int cdev_found_line_info(const struct chip_found *found, unsigned offset, struct chip_line_info *info);
int cdev_claim(const struct chip_found *found, unsigned offset, const char *consumer,
	       const struct chip_line_config *config, int *fd);
int cdev_try(const struct chip_found *found, unsigned offset, const char *consumer,
	     const struct chip_line_settings *settings);
