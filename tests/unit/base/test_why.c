/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Reasons in words: one writer, a text that never runs over. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "base/why.h"

static void words_and_place(void **state)
{
	struct why why;

	assert_int_equal(why_fail(ENOENT, &why, "no %s %d", "line", 7), -ENOENT);
	assert_string_equal(why.text, "no line 7");
	assert_int_equal(why_at(&why, "f:2", "unknown key \"%s\"", "x"), -EINVAL);
	assert_string_equal(why.text, "f:2: unknown key \"x\"");
}

static void a_text_is_put_into_itself(void **state)
{
	struct why why;

	why_fail(EBUSY, &why, "in use");
	assert_int_equal(why_fail(EBUSY, &why, "/run/x: %s", why.text), -EBUSY);
	assert_string_equal(why.text, "/run/x: in use");
}

static void a_text_is_cut_at_its_end(void **state)
{
	char word[2 * sizeof(struct why)];
	struct {
		struct why why;
		char behind;
	} room = { .behind = 'b' };

	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(why_fail(EINVAL, &room.why, "%s", word), -EINVAL);
	assert_int_equal(strlen(room.why.text), sizeof(room.why.text) - 1);
	assert_int_equal(why_at(&room.why, word, "never seen"), -EINVAL);
	assert_int_equal(strlen(room.why.text), sizeof(room.why.text) - 1);
	assert_int_equal(room.behind, 'b');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_place),
		cmocka_unit_test(a_text_is_put_into_itself),
		cmocka_unit_test(a_text_is_cut_at_its_end),
	};

	return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
