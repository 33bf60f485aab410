/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The command line: what it makes of its words, and which words it refuses with which message. */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "daemon/control.h"
#include "daemon/options.h"

#define WORDS_MAX 12

/* Words that are parted by blanks; a word is made long by '@', which stands for 110 letters. */
static enum options_result parse(struct options *options, const char *words)
{
	static char text[1024];
	static char program[] = "vhost-device-gpio";
	char *argv[WORDS_MAX + 1] = { program };
	size_t len = 0;
	int argc = 1;

	text[0] = 0;
	for (; *words; words++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, *words == '@' ? "%0110d" : "%c",
					*words == '@' ? 0 : *words);
	for (char *word = strtok(text, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(options, argc, argv);
}

static void check_guest(const struct options *options, size_t i, const char *name, const char *socket, const char *chip)
{
	assert_string_equal(options->guests[i].name, name);
	assert_string_equal(options->guests[i].socket_path, socket);
	assert_string_equal(options->guests[i].chip.path, chip);
}

static void dropin_long_words(void **state)
{
	struct options options;

	assert_int_equal(parse(&options, "--socket-path=gpio.sock --socket-count=2 --device-list 0:3"), OPTIONS_RUN);
	assert_int_equal(options.n_guests, 2);
	check_guest(&options, 0, "guest0", "gpio.sock0", "/dev/gpiochip0");
	check_guest(&options, 1, "guest1", "gpio.sock1", "/dev/gpiochip3");
	assert_string_equal(options.alias_path, "");
	assert_string_equal(options.control_path, "");
	assert_int_equal(options.log_level, LOG_LEVEL_INFO);
	options_deinit(&options);
}

static void dropin_letters(void **state)
{
	struct options options;

	assert_int_equal(parse(&options, "-s gpio.sock -c 3 -l 2:s4:7"), OPTIONS_RUN);
	assert_int_equal(options.n_guests, 3);
	check_guest(&options, 0, "guest0", "gpio.sock0", "/dev/gpiochip2");
	check_guest(&options, 1, "guest1", "gpio.sock1", "s4");
	check_guest(&options, 2, "guest2", "gpio.sock2", "/dev/gpiochip7");
	options_deinit(&options);
}

static void one_guest_has_the_path_itself_too(void **state)
{
	struct options options;

	assert_int_equal(parse(&options, "-s /run/x.sock -l s8"), OPTIONS_RUN);
	assert_int_equal(options.n_guests, 1);
	check_guest(&options, 0, "guest0", "/run/x.sock0", "s8");
	assert_string_equal(options.alias_path, "/run/x.sock");
	options_deinit(&options);
}

static void equal_simulated_chips_are_not_the_same(void **state)
{
	struct options options;

	assert_int_equal(parse(&options, "-s a -c 2 -l s8:s8"), OPTIONS_RUN);
	options_deinit(&options);
}

static void log_level_and_control(void **state)
{
	struct options options;

	if (!control_supported())
		skip();
	assert_int_equal(parse(&options, "-s a -l s1 --log-level=debug --control ctl.sock"), OPTIONS_RUN);
	assert_int_equal(options.log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(options.control_path, "ctl.sock");
	options_deinit(&options);
}

static void guests_max_is_accepted(void **state)
{
	char words[16 + 4 * GUESTS_MAX] = "-s a -c 256 -l s1";
	struct options options;

	assert_int_equal(GUESTS_MAX, 256);
	for (int i = 1; i < GUESTS_MAX; i++)
		strcat(words, ":s1");
	assert_int_equal(parse(&options, words), OPTIONS_RUN);
	assert_int_equal(options.n_guests, GUESTS_MAX);
	check_guest(&options, 255, "guest255", "a255", "s1");
	options_deinit(&options);
}

static void help_and_version(void **state)
{
	struct options options;

	assert_int_equal(parse(&options, "--version"), OPTIONS_DONE);
	assert_string_equal(options.text, "vhost-device-gpio 0.1.0\n");
	assert_int_equal(parse(&options, "-V"), OPTIONS_DONE);
	assert_int_equal(parse(&options, "-h"), OPTIONS_DONE);
	assert_int_equal(parse(&options, "--help"), OPTIONS_DONE);
	assert_non_null(strstr(options.text, "-s, --socket-path PATH"));
	assert_non_null(strstr(options.text, "-V, --version"));
	assert_null(strstr(options.text, "--guest"));
}

static const struct {
	const char *words;
	const char *text;
} refusals[] = {
	{ "", "--socket-path is missing" },
	{ "-l s8", "--socket-path is missing" },
	{ "-s a", "--device-list is missing" },
	{ "-s a -c 0 -l s8", "--socket-count: \"0\" is not a count from 1 to 256" },
	{ "-s a -c two -l s8", "--socket-count: \"two\" is not a count from 1 to 256" },
	{ "-s a -c -1 -l s8", "--socket-count: \"-1\" is not a count from 1 to 256" },
	{ "-s a -c 1x -l s8", "--socket-count: \"1x\" is not a count from 1 to 256" },
	{ "-s a -c 257 -l s8", "--socket-count: \"257\" is not a count from 1 to 256" },
	{ "-s a -c 18446744073709551617 -l s8",
	  "--socket-count: \"18446744073709551617\" is not a count from 1 to 256" },
	{ "-s a -c 2 -l s8", "--socket-count is 2, but --device-list has 1 device" },
	{ "-s a -c 2 -l 1:2:3", "--socket-count is 2, but --device-list has 3 devices" },
	{ "-s a -l 1:2", "--socket-count is 1, but --device-list has 2 devices" },
	{ "-s a -c 3 -l 2:s4:2", "--device-list: word 3: chip 2 is already given as word 1" },
	{ "-s a -c 2 -l 2:02", "--device-list: word 2: chip 2 is already given as word 1" },
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
	  "--device-list: word 1: \"99999999999999999999\" is too big for a chip number" },
	{ "--socket-path= -l s8", "--socket-path: empty" },
	{ "-s @ -l s8", "--socket-path: with its suffix 0 the path has 111 bytes, a socket path has at most 107" },
	{ "-s a -s b -l s8", "--socket-path is given twice" },
	{ "-s a -c 1 --socket-count 1 -l s8", "--socket-count is given twice" },
	{ "-s a -l s8 -l s8", "--device-list is given twice" },
	{ "-s a -l s8 --log-level loud", "--log-level: \"loud\" is not error, warning, info or debug" },
	{ "-s", "--socket-path needs a value" },
	{ "--device-list", "--device-list needs a value" },
	{ "--version=3", "--version takes no value" },
	{ "--nope", "unknown option \"--nope\"" },
	{ "--nope=3", "unknown option \"--nope\"" },
	{ "-z", "unknown option \"-z\"" },
	{ "--socket-p a", "unknown option \"--socket-p\"" },
	{ "stray -s a", "stray argument \"stray\"" },
	{ "-s a -l s8 stray", "stray argument \"stray\"" },
};

static void refusals_name_word_and_place(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct options options;

		if (parse(&options, refusals[i].words) != OPTIONS_REFUSE)
			fail_msg("not refused: %s", refusals[i].words);
		assert_string_equal(options.text, refusals[i].text);
		options_deinit(&options);
	}
}

static void words_due_later_are_refused(void **state)
{
	static const char *const later[] = { "guest",	"config",   "check",   "print-config",
					     "fd",	"ready-fd", "one-off", "print-capabilities",
					     "sandbox", "safe" };

	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		struct options options;
		char words[64], text[96];

		snprintf(text, sizeof(text), "--%s is not supported by this version", later[i]);
		snprintf(words, sizeof(words), "--%s", later[i]);
		assert_int_equal(parse(&options, words), OPTIONS_REFUSE);
		assert_string_equal(options.text, text);
		snprintf(words, sizeof(words), "-s a -l s8 --%s=x", later[i]);
		assert_int_equal(parse(&options, words), OPTIONS_REFUSE);
		assert_string_equal(options.text, text);
	}
}

static void control_path_is_checked(void **state)
{
	struct options options;

	if (!control_supported()) {
		assert_int_equal(parse(&options, "-s a -l s8 --control x"), OPTIONS_REFUSE);
		assert_string_equal(options.text,
				    "--control is not supported by this build: it was made without jansson");
		return;
	}
	assert_int_equal(parse(&options, "-s a -l s8 --control="), OPTIONS_REFUSE);
	assert_string_equal(options.text, "--control: empty");
	assert_int_equal(parse(&options, "-s a -l s8 --control @"), OPTIONS_REFUSE);
	assert_string_equal(options.text, "--control: the path has 110 bytes, a socket path has at most 107");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dropin_long_words),
		cmocka_unit_test(dropin_letters),
		cmocka_unit_test(one_guest_has_the_path_itself_too),
		cmocka_unit_test(equal_simulated_chips_are_not_the_same),
		cmocka_unit_test(log_level_and_control),
		cmocka_unit_test(guests_max_is_accepted),
		cmocka_unit_test(help_and_version),
		ROW_TEST("B-10", refusals_name_word_and_place),
		cmocka_unit_test(words_due_later_are_refused),
		cmocka_unit_test(control_path_is_checked),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
