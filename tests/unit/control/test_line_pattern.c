/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Which names fit a pattern, and that none takes long to try. */
#include "rows.h"

#include "base/util.h"
#include "control/line_pattern.h"

static void what_fits(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
		{ "led*", "led0", true },  { "led*", "led", true },    { "led*", "xled", false },
		{ "*", "", true },	   { "?", "", false },	       { "?", "a", true },
		{ "?", "ab", false },	   { "*a", "aba", true },      { "*ab?", "aabab", false },
		{ "*ab?", "ababc", true }, { "a*b*c", "aXbYc", true }, { "a*b*c", "aXcYb", false },
		{ "led", "led", true },	   { "**", "anything", true }, { "", "", true },
		{ "", "a", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (line_pattern_fits(rows[i].pattern, rows[i].text) != rows[i].fits)
			fail_msg("\"%s\" and \"%s\"", rows[i].pattern, rows[i].text);
	}
	assert_true(line_pattern_is("a?"));
	assert_true(line_pattern_is("*"));
	assert_false(line_pattern_is("a.b"));
}

/* Backtracking over each of the stars would not end in a lifetime. */
static void none_takes_long(void **state)
{
	assert_false(line_pattern_fits("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits),
		cmocka_unit_test(none_takes_long),
	};

	return cmocka_run_group_tests_name("line_pattern", tests, NULL, NULL);
}
