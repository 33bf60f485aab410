/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Groups by number and by name, users by name. */
#include "rows.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "base/account.h"

static struct why why;

static void numbers(void **state)
{
	gid_t group = 1;

	assert_int_equal(group_parse("0", &group, &why), 0);
	assert_int_equal(group, 0);
	assert_int_equal(group_parse("4294967294", &group, &why), 0);
	assert_int_equal(group, 4294967294u);
	assert_int_equal(group_parse("4294967295", &group, &why), -ERANGE);
	assert_string_equal(why.text, "group \"4294967295\": the number is too large");
	assert_int_equal(group, 4294967294u);
}

/* Every group of the machine; there is always the one of number 0. */
static void names(void **state)
{
	struct group *entry;
	int n = 0;

	setgrent();
	while ((entry = getgrent())) {
		char name[64];
		gid_t number = entry->gr_gid, group = number + 1;

		snprintf(name, sizeof(name), "%s", entry->gr_name);
		assert_int_equal(group_parse(name, &group, &why), 0);
		assert_int_equal(group, number);
		n++;
	}
	endgrent();
	assert_true(n > 0);
}

static void no_group(void **state)
{
	static const char *const words[] = { "no-such-group-here", "", "-1", "0x0", "1 " };
	gid_t group = 7;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char expected[128];

		snprintf(expected, sizeof(expected), "there is no group \"%s\"", words[i]);
		assert_int_equal(group_parse(words[i], &group, &why), -ENOENT);
		assert_string_equal(why.text, expected);
		assert_int_equal(group, 7);
	}
}

static void users(void **state)
{
	const struct passwd *root = getpwuid(0);
	char name[64];
	uid_t uid = 1;
	gid_t gid = 1;

	if (!root)
		skip_because("there is no user 0");
	snprintf(name, sizeof(name), "%s", root->pw_name);
	assert_int_equal(user_find(name, &uid, &gid, &why), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(user_find("no-such-user-here", &uid, &gid, &why), -ENOENT);
	assert_string_equal(why.text, "there is no user \"no-such-user-here\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(names),
		cmocka_unit_test(no_group),
		cmocka_unit_test(users),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
