/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The block of all names. */
#include "gpio/names_block.h"

#include <string.h>

uint32_t names_block_size(const struct line_rules *rules, unsigned n_lines)
{
	uint32_t size = 0;

	for (unsigned i = 0; i < n_lines; i++)
		size += (uint32_t)strlen(rules[i].name) + 1;
	return size == n_lines ? 0 : size;
}

void names_block_pack(const struct line_rules *rules, unsigned n_lines, char *block)
{
	for (unsigned i = 0; i < n_lines; i++)
		block = stpcpy(block, rules[i].name) + 1;
}
