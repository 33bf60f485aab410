/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the compatible options describe; which words are refused is in test_settings_refused. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/compat_options.h"
#include "guest_config_text.h"

static struct guest_configs configs;
static struct why why;

static int deinit(void **state)
{
	guest_configs_deinit(&configs);
	return 0;
}

static int parse(const char *count, const char *devices)
{
	const struct compat_options words = { .fd = -1, .path = "/run/x", .count = count, .devices = devices };

	guest_configs_deinit(&configs);
	return compat_options_parse(&words, &configs, &why);
}

static void one_guest_has_an_alias(void **state)
{
	assert_int_equal(parse(NULL, "s8"), 0);
	assert_int_equal(configs.n_guests, 1);
	assert_string_equal(guest_config_text(&configs.guests[0]), "guest0 /run/x0 (/run/x) sim8 S[sim]");
	assert_string_equal(configs.guests[0].where, "");
}

static void several_have_none(void **state)
{
	assert_int_equal(parse("3", "2:s8:07"), 0);
	assert_int_equal(configs.n_guests, 3);
	assert_string_equal(guest_config_text(&configs.guests[0]), "guest0 /run/x0 N2[2]");
	assert_string_equal(guest_config_text(&configs.guests[1]), "guest1 /run/x1 sim8 S[sim]");
	assert_string_equal(guest_config_text(&configs.guests[2]), "guest2 /run/x2 N7[7]");
}

static void more_devices_than_guests_can_be(void **state)
{
	static char devices[3 * (GUESTS_MAX + 1)];

	strcpy(devices, "s1");
	for (int i = 0; i < GUESTS_MAX; i++)
		memcpy(devices + 2 + 3 * i, ":s1", 4);
	assert_int_equal(parse("16384", devices), -EINVAL);
	assert_string_equal(why.text, "--socket-count is 16384, but --device-list has 16385 devices");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_guest_has_an_alias),
		cmocka_unit_test(several_have_none),
		cmocka_unit_test(more_devices_than_guests_can_be),
	};

	return cmocka_run_group_tests_name("compat_options", tests, NULL, deinit);
}
