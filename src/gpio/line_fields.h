/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a program of another layout must know of the lines' states: a table of their members. */
#pragma once

#include "base/fields.h"

/* An array of n_lines struct line_state at this offset. */
struct field_part line_fields_part(size_t offset, size_t n_lines);
