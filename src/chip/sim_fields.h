/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A table of the members of struct sim_line. */
#pragma once

#include "base/fields.h"

/* Where and how many they are depends on the chip. */
extern const struct field_part sim_line_part;
