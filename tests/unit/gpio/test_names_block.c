/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of gpio/names_block: the block of names. */
#include "rows.h"

#include <string.h>

#include "gpio/names_block.h"

#define N_LINES 8

static void block_of_names(void **state)
{
	static const struct line_rules rules[N_LINES] = {
		[1] = { .name = "LED" }, [4] = { .name = "Red LED Vdd" }, [7] = { .name = "K" }
	};
	static const char expected[] = "\0LED\0\0\0Red LED Vdd\0\0\0K";
	char block[sizeof(expected) + 1] = { [sizeof(expected)] = '!' };

	assert_int_equal(names_block_size(rules, N_LINES), sizeof(expected));
	names_block_pack(rules, N_LINES, block);
	assert_memory_equal(block, expected, sizeof(expected));
	assert_int_equal(block[sizeof(expected)], '!');
}

static void longest_names(void **state)
{
	static struct line_rules rules[2];
	char block[2 * CHIP_NAME_MAX];

	memset(rules[0].name, 'x', CHIP_NAME_MAX - 1);
	memset(rules[1].name, 'y', CHIP_NAME_MAX - 1);
	assert_int_equal(names_block_size(rules, 2), sizeof(block));
	names_block_pack(rules, 2, block);
	assert_string_equal(block, rules[0].name);
	assert_string_equal(block + CHIP_NAME_MAX, rules[1].name);
}

static void no_names(void **state)
{
	static const struct line_rules rules[N_LINES];

	assert_int_equal(names_block_size(rules, N_LINES), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("G-04 G-05", block_of_names),
		ROW_TEST("G-04", longest_names),
		ROW_TEST("G-03", no_names),
	};

	return cmocka_run_group_tests_name("gpio/names_block", tests, NULL, NULL);
}
