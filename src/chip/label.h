/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The search for a chip by its label: chip_spec_label(), in any directory. */
#pragma once

#include "base/why.h"
#include "chip/chip.h"

int chip_label_find(const char *directory, const char *label, struct chip_spec *spec, struct why *why);
