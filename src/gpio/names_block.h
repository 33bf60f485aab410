/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The block of all names, as a guest gets it: each with its terminator; none at all when no line has one. */
#pragma once

#include <stdint.h>

#include "chip/line_rules.h"

/* Bytes of the block; 0: there is none. */
uint32_t names_block_size(const struct line_rules *rules, unsigned n_lines);
void names_block_pack(const struct line_rules *rules, unsigned n_lines, char *block);
