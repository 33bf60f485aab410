/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Line names that a guest may be shown: plain 7-bit text, unique (VirtIO 1.3, 5.18.6.1 "Get Line Names"). */
#pragma once

#include <stdbool.h>

#include "chip/chip.h"
#include "guest/diagnostics.h"

/*
 * Makes n names fit for a guest. One that was given is left as it is, and adds to errors when another given name is the
 * same. One that is the chip's own becomes "" when it is not plain, or when another line has it (a given one, or an
 * earlier one), and adds to notes.
 */
void line_names_fit(char (*names)[CHIP_NAME_MAX], const bool *given, unsigned n, struct diagnostics *errors,
		    struct diagnostics *notes);
