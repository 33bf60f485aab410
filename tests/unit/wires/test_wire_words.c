/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of wires/wire_words: what is taken, and what is said of what is not. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "wires/wire_words.h"

static void words_and_their_meaning(void **state)
{
	static const struct {
		const char *text;
		struct wire_words words;
	} good[] = {
		{ "a.tx b.rx", { { { "a", "tx", 0 }, { "b", "rx", 0 } }, false, 0 } },
		{ "a.tx,b.rx", { { { "a", "tx", 0 }, { "b", "rx", 0 } }, false, 0 } },
		{ " a.3\tb.17 ", { { { "a", "", 3 }, { "b", "", 17 } }, false, 0 } },
		{ "a.0,b.0,invert", { { { "a", "", 0 }, { "b", "", 0 } }, true, 0 } },
		{ "delay=5ms a.0 invert b.0", { { { "a", "", 0 }, { "b", "", 0 } }, true, 5000 } },
		{ "a.0 b.0 delay=10s", { { { "a", "", 0 }, { "b", "", 0 } }, false, 10000000 } },
		{ "a.\"Red, LED\" b.\"17\"", { { { "a", "Red, LED", 0 }, { "b", "17", 0 } }, false, 0 } },
		{ "a.led.red b.invert", { { { "a", "led.red", 0 }, { "b", "invert", 0 } }, false, 0 } },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct wire_words words;
		struct why why;

		if (wire_words_parse("f:1", good[i].text, &words, &why) < 0)
			fail_msg("\"%s\": %s", good[i].text, why.text);
		assert_memory_equal(&words, &good[i].words, sizeof(words));
	}
}

static void refusals_name_the_word(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "f:1: wire: expected GUEST.LINE GUEST.LINE [invert] [delay=TIME], not \"\"" },
		{ "a.tx", "f:1: wire: expected GUEST.LINE GUEST.LINE [invert] [delay=TIME], not \"a.tx\"" },
		{ "a.tx b.rx c.x", "f:1: wire: \"c.x\" is one line too many: a wire has two ends" },
		{ "a.tx b", "f:1: wire: \"b\" is not GUEST.LINE" },
		{ "a.tx .rx", "f:1: wire: \".rx\" is not GUEST.LINE" },
		{ "a.tx b.", "f:1: wire: \"b.\" is not GUEST.LINE" },
		{ "a123456789012345678901234567890123.x b.y",
		  "f:1: wire: \"a123456789012345678901234567890123.x\" is not GUEST.LINE" },
		{ "a.65535 b.0", "f:1: wire: \"a.65535\" has no such line: the number is too large" },
		{ "a.99999999999999999999999 b.0",
		  "f:1: wire: \"a.99999999999999999999999\" has no such line: the number is too large" },
		{ "a.0 b.0 inverted", "f:1: wire: \"inverted\" is not GUEST.LINE" },
		{ "a.0 b.0 invert invert", "f:1: wire: \"invert\" is given twice" },
		{ "a.0 b.0 delay=1s delay=2s", "f:1: wire: \"delay=2s\" is given twice" },
		{ "a.0 b.0 delay=", "" },
		{ "a.0 b.0 delay=0ms", "" },
		{ "a.0 b.0 delay=11s", "" },
		{ "a.0 b.0 delay=5", "" },
		{ "a.\"x b.0", "" },
		{ "a.\"\" b.0", "f:1: wire: line \"\": a name cannot be empty" },
		{ "a.'x' b.0",
		  "f:1: wire: line \"'x'\" has single quotes, which quote nothing here: use double quotes" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wire_words words;
		struct why why;

		if (wire_words_parse("f:1", bad[i].text, &words, &why) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i].text);
		if (bad[i].why[0])
			assert_string_equal(why.text, bad[i].why);
		assert_memory_equal(why.text, "f:1: wire: ", strlen("f:1: wire: "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_their_meaning),
		cmocka_unit_test(refusals_name_the_word),
	};

	return cmocka_run_group_tests_name("wire_words", tests, NULL, NULL);
}
