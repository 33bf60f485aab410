/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* --print-capabilities: vhost-user.rst, "Backend program conventions"; vhost-user.json, @VHostUserBackendCapabilities. */
#include "fixture.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

/* Beside words that would be refused, and words that would make the program serve. */
static const char *const words[] = {
	"--print-capabilities",
	"--print-capabilities -s gpio.sock -l s8 --control ctl.sock",
	"-s gpio.sock -l 1000 --print-capabilities",
	"-s in-use -l s8 --print-capabilities",
	"--nope -q stray --guest x --fd 77 --config /nix --log-level loud --print-capabilities",
	"--make-safe --check --print-capabilities --help",
};

static void others_are_ignored(void **state)
{
	struct run run;

	close(open("in-use0", O_CREAT | O_WRONLY, 0600));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		run_start(&run, "daemon", "VHOST_DEVICE_GPIO", words[i]);
		assert_int_equal(run_wait(&run), 0);
		assert_string_equal(run_err(&run), "");
		assert_non_null(strchr(run_out(&run), '{'));
		assert_false(file_exists("gpio.sock"));
		assert_false(file_exists("gpio.sock0"));
		assert_false(file_exists("ctl.sock"));
	}
}

static void one_object(void **state)
{
	struct run run;
	json_error_t error;
	json_t *object, *features, *feature;
	size_t i;

	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", "--print-capabilities");
	assert_int_equal(run_wait(&run), 0);
	object = json_loads(run_out(&run), JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(object))
		fail_msg("no JSON object: %s", error.text);
	assert_int_equal(json_object_size(object), 2);
	assert_string_equal(json_string_value(json_object_get(object, "type")), "gpio");
	features = json_object_get(object, "features");
	assert_true(json_is_array(features));
	json_array_foreach(features, i, feature) assert_true(json_is_string(feature));
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("B-04", others_are_ignored),
		CASE("B-04 B-05", one_object),
	};

	return cmocka_run_group_tests_name("cli capabilities", tests, NULL, NULL);
}
