/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What becomes of text that is to be shown: every byte, and a whole text; and its hash. */
#include "rows.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"

/* char is signed on some machines and unsigned on others: bytes from 0x80 on must not depend on it. */
static void each_byte(void **state)
{
	(void)state;
	for (int i = 1; i < 256; i++) {
		char c = (char)i;
		bool control = i < 0x20 || i == 0x7f;

		assert_int_equal(text_as_line(c), control ? '?' : c);
		assert_int_equal(text_as_ascii(c), control || i > 0x7f ? '?' : c);
	}
}

static void whole_text(void **state)
{
	char line[] = "a\nb\x1b[1m \xc3\xa4\x7f", ascii[] = "a\nb\x1b[1m \xc3\xa4\x7f", empty[] = "";

	(void)state;
	text_make_line(line);
	assert_string_equal(line, "a?b?[1m \xc3\xa4?");
	text_make_ascii(ascii);
	assert_string_equal(ascii, "a?b?[1m ???");
	text_make_line(empty);
	text_make_ascii(empty);
	assert_string_equal(empty, "");
}

static void controls_of_utf8(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "\xc2\x9b"
		  "31m",
		  "??31m" },
		{ "\x9b"
		  "31m",
		  "?31m" },
		{ "\xc3\xa4\x9b\xc3\xa4", "\xc3\xa4?\xc3\xa4" },
		{ "\xe2\x9b\x84\xf0\x9f\x98\x80\x85", "\xe2\x9b\x84\xf0\x9f\x98\x80?" },
		{ "\xc2\xb5s\xc2", "\xc2\xb5s\xc2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[32];

		snprintf(text, sizeof(text), "%s", rows[i].text);
		text_make_line(text);
		assert_string_equal(text, rows[i].shown);
	}
}

/* Known values: http://www.isthe.com/chongo/tech/comp/fnv/ */
static void hash(void **state)
{
	(void)state;
	assert_int_equal(text_hash(""), 0x811c9dc5);
	assert_int_equal(text_hash("a"), 0xe40c292c);
	assert_int_equal(text_hash("foobar"), 0xbf9cf968);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_byte),
		cmocka_unit_test(whole_text),
		cmocka_unit_test(controls_of_utf8),
		cmocka_unit_test(hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
