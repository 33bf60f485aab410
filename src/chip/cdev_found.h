/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A chip of the kernel before it is in use. Each function is the one of struct chip_driver with the same name. */
#pragma once

#include "base/why.h"
#include "chip/chip_types.h"

int cdev_found_probe(const struct chip_spec *spec, struct chip_found *found, struct why *why);
bool cdev_found_is_gone(const struct chip_found *found);
int cdev_found_line_info(const struct chip_found *found, unsigned offset, struct chip_line_info *info);
int cdev_found_request_line(const struct chip_found *found, unsigned offset, const char *consumer,
			    const struct chip_line_config *config, int *fd);
int cdev_found_try_settings(const struct chip_found *found, unsigned offset, const char *consumer,
			    const struct chip_line_settings *settings);
