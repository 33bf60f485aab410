/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A chip of the kernel: GPIO character device. */
#pragma once

#include "chip/driver.h"

extern const struct chip_driver cdev_driver;
