/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The command line, and [daemon] of the file: which words are refused, with which message. */
#include "settings_fixture.h"

#include <string.h>

#include "base/util.h"
#include "config/file/config_file.h"
#include "control/control.h"

static const struct {
	const char *words;
	const char *text;
} refusals[] = {
	{ "", "no guests: give --socket-path and --device-list, --guest or --config" },
	{ "-l s8", "--socket-path is missing" },
	{ "-s a -l s8 --sandbox=yes", "--sandbox: \"yes\" is not on, off or auto" },
	{ "-s a -l s8 --sandbox=", "--sandbox: \"\" is not on, off or auto" },
	{ "-s a -l s8 --user x --sandbox off",
	  "--user and --sandbox=off cannot be combined: the user is part of the sandbox" },
	{ "-s a", "--device-list is missing" },
	{ "-s a -c 0 -l s8", "--socket-count: \"0\" is not a count from 1 to 16384" },
	{ "-s a -c two -l s8", "--socket-count: \"two\" is not a count from 1 to 16384" },
	{ "-s a -c -1 -l s8", "--socket-count: \"-1\" is not a count from 1 to 16384" },
	{ "-s a -c 1x -l s8", "--socket-count: \"1x\" is not a count from 1 to 16384" },
	{ "-s a -c 16385 -l s8", "--socket-count: \"16385\" is not a count from 1 to 16384" },
	{ "-s a -c 18446744073709551617 -l s8",
	  "--socket-count: \"18446744073709551617\" is not a count from 1 to 16384" },
	{ "-s a -c 2 -l s8", "--socket-count is 2, but --device-list has 1 device: give --socket-count 1" },
	{ "-s a -c 2 -l 1:2:3", "--socket-count is 2, but --device-list has 3 devices: give --socket-count 3" },
	{ "-s a -l 1:2", "--socket-count is 1 by default, but --device-list has 2 devices: give --socket-count 2" },
	{ "-s a -c 3 -l 2:s4:2", "--device-list: word 3: chip 2 is already given as word 1" },
	{ "-s a -c 2 -l 2:02", "--device-list: word 2: chip 2 is already given as word 1" },
	{ "-s a -c 2 -l 2:gpiochip2", "--device-list: word 2: chip 2 is already given as word 1" },
	{ "-s a -l gpiochip", "--device-list: word 1: \"gpiochip\" is not a chip (N or sN)" },
	{ "-s a -l /dev/0", "--device-list: word 1: \"/dev/0\" is not a chip (N or sN)" },
	{ "-s a -c 2 -l :1", "--device-list: word 1: empty" },
	{ "-s a -c 2 -l 1:", "--device-list: word 2: empty" },
	{ "-s a --device-list=", "--device-list: word 1: empty" },
	{ "-s a -c 2 -l s4:x4", "--device-list: word 2: \"x4\" is not a chip (N or sN)" },
	{ "-s a -l s", "--device-list: word 1: \"s\" is not a chip (N or sN)" },
	{ "-s a -l -1", "--device-list: word 1: \"-1\" is not a chip (N or sN)" },
	{ "-s a -l 1,2", "--device-list: word 1: \"1,2\" is not a chip (N or sN)" },
	{ "-s a -l s0", "--device-list: word 1: \"s0\": a simulated chip has 1 to 65535 lines" },
	{ "-s a -l s65536", "--device-list: word 1: \"s65536\": a simulated chip has 1 to 65535 lines" },
	{ "-s a -l 99999999999999999999",
	  "--device-list: word 1: \"99999999999999999999\" is too large for a chip number" },
	{ "--socket-path= -l s8", "--socket-path: empty" },
	{ "--config=", "--config: empty" },
	{ "-s @ -l s8", "--socket-path: the path is too long with its suffix 0 (111 bytes, at most 107)" },
	{ "-s a -s b -l s8", "--socket-path is given twice" },
	{ "-s a -c 1 --socket-count 1 -l s8", "--socket-count is given twice" },
	{ "-s a -l s8 -l s8", "--device-list is given twice" },
	{ "-s a -l s8 --log-level loud", "--log-level: \"loud\" is not error, warning, info or debug" },
	{ "-s", "--socket-path needs a value" },
	{ "--device-list", "--device-list needs a value" },
	{ "--version=3", "--version takes no value" },
	{ "--fd=3", "--device-list is missing" },
	{ "--fd=3 --socket-fd 4 -l s8", "--fd is given twice" },
	{ "--socket-f=3 -l s8", "unknown option \"--socket-f\"" },
	{ "-s a -l s8 --control-mode 0660", "--control-mode: needs the path of the socket (control)" },
	{ "-s a -l s8 --socket-group no-such-group", "--socket-group: there is no group \"no-such-group\"" },
	{ "-s a -l s8 --busy-poll 5", "command line: busy-poll: \"5\" has no unit (us, ms, s); did you mean \"5ms\"?" },
	{ "--fd=3 -s a -l s8", "--socket-path and --fd cannot be combined" },
	{ "--fd=3 -c 2 -l s8:s8", "--fd is one socket, but --device-list has 2 devices" },
	{ "--fd=-3 -l s8", "--fd: \"-3\" is not the number of a file descriptor" },
	{ "--fd=2147483648 -l s8", "--fd: \"2147483648\" is not the number of a file descriptor" },
	{ "--ready-fd= -s a -l s8", "--ready-fd: \"\" is not the number of a file descriptor" },
	{ "--can-take-over=-1 -s a -l s8", "--can-take-over: \"-1\" is not the number of a file descriptor" },
	{ "--check --print-config -s a -l s8", "--check and --print-config cannot be combined" },
	{ "--make-safe=now -s a -l s8", "--make-safe: \"now\" is not \"hold\"" },
	{ "--safe=yes -s a -l s8", "--safe takes no value" },
	{ "-s a -l s8 --guest name=guest0,socket=b,sim=1",
	  "--guest: the name \"guest0\" is already that of a guest of --device-list" },
	{ "--nope", "unknown option \"--nope\"" },
	{ "--nope=3", "unknown option \"--nope\"" },
	{ "-z", "unknown option \"-z\"" },
	{ "--socket-p a", "unknown option \"--socket-p\"" },
	{ "--confg=x", "unknown option \"--confg\"; did you mean \"--config\"?" },
	{ "stray -s a", "stray argument \"stray\"" },
	{ "-s a -l s8 stray", "stray argument \"stray\"" },
};

static void refusals_name_word_and_place(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct parsed parsed;

		if (parse(&parsed, refusals[i].words) != SETTINGS_REFUSE)
			fail_msg("not refused: %s", refusals[i].words);
		assert_string_equal(parsed.text, refusals[i].text);
		parsed_free(&parsed);
	}
}

static void control_path_is_checked(void **state)
{
	struct parsed parsed;

	if (!control_supported()) {
		assert_int_equal(parse(&parsed, "-s a -l s8 --control x"), SETTINGS_REFUSE);
		assert_string_equal(parsed.text, "--control is not supported by this build (made without jansson)");
		return;
	}
	assert_int_equal(parse(&parsed, "-s a -l s8 --control="), SETTINGS_REFUSE);
	assert_string_equal(parsed.text, "--control: empty");
	assert_int_equal(parse(&parsed, "-s a -l s8 --control @"), SETTINGS_REFUSE);
	assert_string_equal(parsed.text, "--control: the path is too long (110 bytes, at most 107)");
}

static const struct {
	const char *text;
	const char *why; /* behind the path */
} file_refusals[] = {
	{ "[daemon]\nlog-level = loud\n[guest a]\nsim = 1\n",
	  ":2: log-level: \"loud\" is not error, warning, info or debug" },
	{ "[guest a]\nsim = 1\n[daemon]\nbusy-poll = 1s\n", ":4: busy-poll: \"1s\" is out of range (0us to 10000us)" },
	{ "[daemon]\nsocket-mode = rw\n[guest a]\nsim = 1\n",
	  ":2: socket-mode: \"rw\" is not a file mode (octal, 0 to 0777)" },
	{ "[daemon]\ncontrol-mode = 0600\n[guest a]\nsim = 1\n",
	  ":2: control-mode: needs the path of the socket (control)" },
	{ "[daemon]\nsandbox = yes\n[guest a]\nsim = 1\n", ":2: sandbox: \"yes\" is not on, off or auto" },
	{ "[daemon]\nsafe = yes\n[guest a]\nsim = 1\n", ":2: safe: \"yes\" is not on or off" },
	{ "[daemon]\nusr = x\n[guest a]\nsim = 1\n", ":2: unknown key \"usr\"; did you mean \"user\"?" },
	{ "[daemon x]\n[guest a]\nsim = 1\n", ":1: expected [daemon], not [daemon x]" },
	{ "[daemon]\nuser = a\n[daemon]\nuser = b\n", ":4: \"user\" is given twice" },
	{ "[daemon]\nuser = \"a\n", ":2: user: \"\"a\" does not end at its closing quote" },
};

/* Such a file refuses a start, and leaves a program that has guests the command line's settings. */
static void file_refusals_name_word_and_place(void **state)
{
	if (!config_file_supported())
		skip_because("this build reads no configuration");
	for (size_t i = 0; i < ARRAY_SIZE(file_refusals); i++) {
		struct parsed parsed;
		size_t len = strlen(file_path);

		if (parse_file(&parsed, file_refusals[i].text, "-1") != SETTINGS_REFUSE)
			fail_msg("not refused: %s", file_refusals[i].text);
		assert_memory_equal(parsed.text, file_path, len);
		assert_string_equal(parsed.text + len, file_refusals[i].why);
		assert_int_equal(parsed.settings.action, SETTINGS_RUN);
		assert_int_equal(parsed.settings.log_level, LOG_LEVEL_INFO);
		assert_null(parsed.settings.sandbox.user);
		parsed_file_free(&parsed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("B-10", refusals_name_word_and_place),
		cmocka_unit_test(control_path_is_checked),
		cmocka_unit_test(file_refusals_name_word_and_place),
	};

	return cmocka_run_group_tests_name("settings_refused", tests, NULL, NULL);
}
