/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the drop-in words want; which words are refused is in test_options. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/compat_options.h"
#include "guest_config_text.h"

static struct wanted wanted;
static struct why why;

static int deinit(void **state)
{
	wanted_deinit(&wanted);
	return 0;
}

static int parse(const char *count, const char *devices)
{
	const struct dropin_words words = { .fd = -1, .path = "/run/x", .count = count, .devices = devices };

	wanted_deinit(&wanted);
	return dropin_wanted(&words, &wanted, &why);
}

static void one_guest_has_an_alias(void **state)
{
	assert_int_equal(parse(NULL, "s8"), 0);
	assert_int_equal(wanted.n_guests, 1);
	assert_string_equal(wanted_text(&wanted.guests[0]), "guest0 /run/x0 (/run/x) sim8 S[sim]");
	assert_string_equal(wanted.guests[0].where, "");
}

static void several_have_none(void **state)
{
	assert_int_equal(parse("3", "2:s8:07"), 0);
	assert_int_equal(wanted.n_guests, 3);
	assert_string_equal(wanted_text(&wanted.guests[0]), "guest0 /run/x0 N2[2]");
	assert_string_equal(wanted_text(&wanted.guests[1]), "guest1 /run/x1 sim8 S[sim]");
	assert_string_equal(wanted_text(&wanted.guests[2]), "guest2 /run/x2 N7[7]");
}

static void more_devices_than_guests_can_be(void **state)
{
	char devices[4 * (GUESTS_MAX + 1) + 1] = "s1";

	for (int i = 0; i < GUESTS_MAX; i++)
		strcat(devices, ":s1");
	assert_int_equal(parse("256", devices), -EINVAL);
	assert_string_equal(why.text, "--socket-count is 256, but --device-list has 257 devices");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_guest_has_an_alias),
		cmocka_unit_test(several_have_none),
		cmocka_unit_test(more_devices_than_guests_can_be),
	};

	return cmocka_run_group_tests_name("dropin", tests, NULL, deinit);
}
