/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* How users name a chip: a number, a number of simulated lines, a path. (By its label: label.h.) Looks nothing up. */
#pragma once

#include "chip/chip_types.h"

void chip_spec_number(unsigned number, struct chip_spec *spec);
void chip_spec_sim(unsigned n_lines, struct chip_spec *spec);
/* Any path of a GPIO character device, a symbolic link too. -ENAMETOOLONG. */
int chip_spec_path(const char *path, struct chip_spec *spec);
/*
 * "N" (/dev/gpiochipN) or "sN" (simulated, N lines). 0; -EINVAL when the words are no spec; -ERANGE when the number is
 * out of range. Reads exactly len bytes of word.
 */
int chip_spec_parse(const char *word, size_t len, struct chip_spec *spec);

bool chip_spec_is_sim(const struct chip_spec *spec);
