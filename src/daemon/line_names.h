/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Line names that a guest may be shown. */
#pragma once

#include "chip/chip.h"

/*
 * Makes names fit for a guest: 7-bit printable ASCII, unique. A name that is not, or that an earlier line bears,
 * becomes "". Returns how many were dropped. names is n blocks of CHIP_NAME_MAX bytes.
 */
unsigned names_sanitize(char (*names)[CHIP_NAME_MAX], unsigned n);
