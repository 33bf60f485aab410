/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The simulated chip. */
#pragma once

#include "chip/driver.h"

extern const struct chip_driver sim_driver;
