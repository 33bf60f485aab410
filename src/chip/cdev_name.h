/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The names of a chip's lines, kept in session memory: a guest is shown the same ones as long as the session lasts, also
 * by a worker that starts while the chip is gone.
 */
#pragma once

#include <stdint.h>

#include "chip/chip.h"

struct cdev_name {
	uint8_t known;
	char name[CHIP_NAME_MAX];
};

/* name may be NULL: there is no session. */
void cdev_name_keep(struct cdev_name *name, const struct chip_line_info *info);
/* Makes an info with nothing but the name. False when none was kept. */
bool cdev_name_recall(const struct cdev_name *name, struct chip_line_info *info);
