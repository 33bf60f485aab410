/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Tests that prove rows of the conformance list: the ids stand in the printed name, so that a grep of the test log
 * tells which rows are proven. ROW_TEST("G-25 G-26", value_before_direction) is named
 * "G-25 G-26 value_before_direction". Includes cmocka and what its header wants before it.
 */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* Ends a test that cannot be made here, or not with this kind of driver; scripts/tally reads why, and counts. */
#define skip_because(...)                                                                                              \
	do {                                                                                                           \
		print_message("# skipped: " __VA_ARGS__);                                                              \
		print_message("\n");                                                                                   \
		skip();                                                                                                \
	} while (0)

#define ROW_TEST(rows, fn)                                                                                             \
	{                                                                                                              \
		.name = rows " " #fn, .test_func = (fn)                                                                \
	}

#define ROW_TEST_FIXTURE(rows, fn, setup, teardown)                                                                    \
	{                                                                                                              \
		.name = rows " " #fn, .test_func = (fn), .setup_func = (setup), .teardown_func = (teardown)            \
	}
