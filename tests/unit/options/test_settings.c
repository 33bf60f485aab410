/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The command line, and [daemon] of the file: what is made of their words. */
#include "settings_fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "config/file/config_file.h"
#include "control/control.h"
#include "sandbox/prepare.h"

static void check_guest(const struct parsed *parsed, size_t i, const char *name, const char *socket)
{
	assert_string_equal(parsed->configs.guests[i].name, name);
	assert_string_equal(parsed->configs.guests[i].socket.path, socket);
}

static void compat_long_words(void **state)
{
	struct parsed parsed;

	assert_int_equal(parse(&parsed, "--socket-path=gpio.sock --socket-count=2 --device-list 0:3"), SETTINGS_RUN);
	assert_int_equal(parsed.configs.n_guests, 2);
	check_guest(&parsed, 0, "guest0", "gpio.sock0");
	check_guest(&parsed, 1, "guest1", "gpio.sock1");
	assert_string_equal(parsed.configs.guests[0].socket.alias, "");
	assert_string_equal(parsed.settings.control.path, "");
	assert_int_equal(parsed.settings.log_level, LOG_LEVEL_INFO);
	parsed_free(&parsed);
}

static void compat_letters(void **state)
{
	struct parsed parsed;

	assert_int_equal(parse(&parsed, "-s gpio.sock -c 3 -l 2:s4:7"), SETTINGS_RUN);
	assert_int_equal(parsed.configs.n_guests, 3);
	check_guest(&parsed, 0, "guest0", "gpio.sock0");
	check_guest(&parsed, 1, "guest1", "gpio.sock1");
	check_guest(&parsed, 2, "guest2", "gpio.sock2");
	parsed_free(&parsed);
}

static void chips_as_the_kernel_calls_them(void **state)
{
	struct parsed parsed;

	assert_int_equal(parse(&parsed, "-s a -c 3 -l gpiochip2:/dev/gpiochip3:4"), SETTINGS_RUN);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(parsed.configs.guests[i].chips[0].kind, CONFIG_CHIP_NUMBER);
		assert_int_equal(parsed.configs.guests[i].chips[0].number, 2 + i);
	}
	parsed_free(&parsed);
}

static void one_guest_has_the_path_itself_too(void **state)
{
	struct parsed parsed;

	assert_int_equal(parse(&parsed, "-s /run/x.sock -l s8"), SETTINGS_RUN);
	assert_int_equal(parsed.configs.n_guests, 1);
	check_guest(&parsed, 0, "guest0", "/run/x.sock0");
	assert_string_equal(parsed.configs.guests[0].socket.alias, "/run/x.sock");
	parsed_free(&parsed);
}

static void equal_simulated_chips_are_not_the_same(void **state)
{
	struct parsed parsed;

	assert_int_equal(parse(&parsed, "-s a -c 2 -l s8:s8"), SETTINGS_RUN);
	parsed_free(&parsed);
}

static void log_level_and_control(void **state)
{
	struct parsed parsed;

	if (!control_supported())
		skip_because("this build has no control socket");
	assert_int_equal(parse(&parsed, "-s a -l s1 --log-level=debug --control ctl.sock"), SETTINGS_RUN);
	assert_int_equal(parsed.settings.log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(parsed.settings.control.path, "ctl.sock");
	parsed_free(&parsed);
}

static void guests_max_is_accepted(void **state)
{
	static char words[32 + 3 * GUESTS_MAX];
	size_t used = (size_t)sprintf(words, "-s a -c %d -l s1", GUESTS_MAX);
	struct parsed parsed;

	for (int i = 1; i < GUESTS_MAX; i++, used += 3)
		memcpy(words + used, ":s1", 4);
	assert_int_equal(parse(&parsed, words), SETTINGS_RUN);
	assert_int_equal(parsed.configs.n_guests, GUESTS_MAX);
	check_guest(&parsed, 16383, "guest16383", "a16383");
	for (unsigned i = 0; i < GUESTS_MAX; i++)
		assert_ptr_equal(guest_configs_find(&parsed.configs, parsed.configs.guests[i].name),
				 &parsed.configs.guests[i]);
	assert_null(guest_configs_find(&parsed.configs, "guest16384"));
	parsed_free(&parsed);
}

static void help_and_version(void **state)
{
	struct parsed parsed;

	assert_int_equal(parse(&parsed, "--version"), SETTINGS_PRINT);
	assert_string_equal(parsed.text, "vhost-device-gpio 0.2.0\n");
	assert_int_equal(parse(&parsed, "-V"), SETTINGS_PRINT);
	assert_int_equal(parse(&parsed, "-h"), SETTINGS_PRINT);
	assert_int_equal(parse(&parsed, "--help"), SETTINGS_PRINT);
	assert_non_null(strstr(parsed.text, "-s, --socket-path PATH"));
	assert_non_null(strstr(parsed.text, "-V, --version"));
	assert_non_null(strstr(parsed.text, "--sandbox MODE"));
}

static void handover_without_guests(void **state)
{
	char name[] = "vhost-device-gpio", option[] = "--print-handover=/proc/1/fd/7";
	char *argv[] = { name, option, NULL };
	struct settings settings;

	assert_int_equal(settings_parse(&settings, 2, argv), SETTINGS_PRINT_HANDOVER);
	assert_string_equal(settings.handover, "/proc/1/fd/7");
	settings_deinit(&settings);
}

static void what_is_to_be_done(void **state)
{
	static const struct {
		const char *words;
		enum settings_action result;
	} cases[] = {
		{ "-s a -l s8", SETTINGS_RUN },
		{ "-s a -l s8 --check", SETTINGS_CHECK },
		{ "-s a -l s8 --print-config", SETTINGS_PRINT_CONFIG },
		{ "-s a -l s8 --make-safe", SETTINGS_MAKE_SAFE },
		{ "-s a -l s8 --make-safe=hold", SETTINGS_MAKE_SAFE },
		{ "-s a -l s8 --can-take-over=7", SETTINGS_TAKE_OVER },
	};
	struct parsed parsed;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse(&parsed, cases[i].words), cases[i].result);
		assert_int_equal(parsed.settings.hold, i == 4);
		parsed_free(&parsed);
	}
}

static void switches_and_fds(void **state)
{
	struct parsed parsed;

	assert_int_equal(parse(&parsed, "-l s8 --fd 7 --ready-fd=8 --safe -1"), SETTINGS_RUN);
	assert_int_equal(parsed.configs.guests[0].socket.fd, 7);
	assert_string_equal(parsed.configs.guests[0].socket.path, "");
	assert_int_equal(parsed.settings.ready_fd, 8);
	assert_true(parsed.settings.safe);
	assert_true(parsed.settings.one_off);
	parsed_free(&parsed);
	assert_int_equal(parse(&parsed, "-l s8 --socket-fd 7"), SETTINGS_RUN);
	assert_int_equal(parsed.configs.guests[0].socket.fd, 7);
	parsed_free(&parsed);
	assert_int_equal(parse(&parsed, "-s a -l s8"), SETTINGS_RUN);
	assert_int_equal(parsed.configs.guests[0].socket.fd, -1);
	assert_int_equal(parsed.settings.ready_fd, -1);
	assert_false(parsed.settings.safe);
	assert_false(parsed.settings.one_off);
	parsed_free(&parsed);
}

static void guests_of_both_kinds(void **state)
{
	struct parsed parsed;

	assert_int_equal(parse(&parsed, "--guest socket=x,sim=2 -s a -l s8 --guest name=ci,socket=y,sim=1"),
			 SETTINGS_RUN);
	assert_int_equal(parsed.configs.n_guests, 3);
	check_guest(&parsed, 0, "guest0", "a0");
	check_guest(&parsed, 1, "guest1", "x");
	check_guest(&parsed, 2, "ci", "y");
	parsed_free(&parsed);
}

static void capabilities_and_nothing_else(void **state)
{
	static const char *const words[] = {
		"--print-capabilities",	       "--print-capabilities --nope x",
		"-s --print-capabilities",     "-x -l q --guest = --config /nix --print-capabilities -s",
		"--help --print-capabilities", "a b -- --print-capabilities",
	};
	struct parsed parsed;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(parse(&parsed, words[i]), SETTINGS_PRINT);
		assert_string_equal(parsed.text, "{\n  \"type\": \"gpio\",\n  \"features\": []\n}\n");
	}
	assert_int_equal(parse(&parsed, "--print-capabilities=x"), SETTINGS_REFUSE);
	assert_string_equal(parsed.text, "--print-capabilities takes no value");
	assert_int_equal(parse(&parsed, "--print"), SETTINGS_REFUSE);
	assert_string_equal(parsed.text, "unknown option \"--print\"");
}

static void sandbox_is_a_mode(void **state)
{
	static const struct {
		const char *words;
		enum sandbox_mode mode;
	} rows[] = {
		{ "-s a -l s8", SANDBOX_AUTO },
		{ "-s a -l s8 --sandbox=auto", SANDBOX_AUTO },
		{ "-s a -l s8 --sandbox off", SANDBOX_OFF },
	};
	struct parsed parsed;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(parse(&parsed, rows[i].words), SETTINGS_RUN);
		assert_int_equal(parsed.settings.sandbox.mode, rows[i].mode);
		assert_null(parsed.settings.sandbox.user);
		parsed_free(&parsed);
	}
	if (sandbox_refuses_on()) {
		assert_int_equal(parse(&parsed, "-s a -l s8 --sandbox=on"), SETTINGS_REFUSE);
		assert_non_null(strstr(parsed.text, "--sandbox=on is not supported by this build: it was built "));
	} else {
		assert_int_equal(parse(&parsed, "-s a -l s8 --sandbox=on"), SETTINGS_RUN);
		assert_int_equal(parsed.settings.sandbox.mode, SANDBOX_ON);
		parsed_free(&parsed);
	}
	assert_int_equal(parse(&parsed, "-s a -l s8 --user gpio"), SETTINGS_RUN);
	assert_string_equal(parsed.settings.sandbox.user, "gpio");
	parsed_free(&parsed);
}

#define DAEMON                                                                                                         \
	"[daemon]\nlog-level = debug\nuser = gpio\nsafe = on\nsocket-mode = 0660\nsocket-group = 36\n"                 \
	"busy-poll = 50us\n"

static void file_says_what_the_words_do_not(void **state)
{
	struct parsed parsed;
	const struct guest_config *guests;

	if (!config_file_supported())
		skip_because("this build reads no configuration");
	assert_int_equal(parse_file(&parsed,
				    DAEMON "[guest a]\nsocket = a\nsim = 1\nsocket-mode = 0600\nbusy-poll = 0us\n"
					   "[guest b]\nfd = 5\nsim = 1\n",
				    "-s c -l s1 --log-level=error"),
			 SETTINGS_RUN);
	assert_int_equal(parsed.settings.log_level, LOG_LEVEL_ERROR);
	assert_string_equal(parsed.settings.sandbox.user, "gpio");
	assert_true(parsed.settings.safe);
	assert_int_equal(parsed.configs.n_guests, 3);
	guests = parsed.configs.guests;
	/* Of the command line, of the file with words of its own, without a path. */
	assert_int_equal(guests[0].socket.mode, 0660);
	assert_int_equal(guests[0].socket.group, 36);
	assert_int_equal(guests[0].settings.busy_poll_us, 50);
	assert_int_equal(guests[1].socket.mode, 0600);
	assert_int_equal(guests[1].socket.group, 36);
	assert_int_equal(guests[1].settings.busy_poll_us, 0);
	assert_false(guests[2].socket.has_mode || guests[2].socket.has_group);
	parsed_file_free(&parsed);
	assert_int_equal(parse_file(&parsed, "[daemon]\nsafe = off\n[guest a]\nsim = 1\n", "--safe"), SETTINGS_RUN);
	assert_true(parsed.settings.safe);
	parsed_file_free(&parsed);
}

static void daemon_section_is_printed(void **state)
{
	char text[512] = "";
	struct parsed parsed;
	FILE *file = fmemopen(text, sizeof(text), "w");

	assert_int_equal(parse(&parsed, "-s a -l s1 --safe --user gpio --log-level=debug --socket-mode=0600"),
			 SETTINGS_RUN);
	assert_int_equal(settings_print_daemon(&parsed.settings, file), 0);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, "[daemon]\nuser = gpio\nlog-level = debug\nsafe = on\n\n");
	assert_int_equal(parsed.configs.guests[0].socket.mode, 0600);
	parsed_free(&parsed);
	file = fmemopen(text, sizeof(text), "w");
	assert_int_equal(parse(&parsed, "-s a -l s1"), SETTINGS_RUN);
	assert_int_equal(settings_print_daemon(&parsed.settings, file), 0);
	assert_int_equal(ftell(file), 0);
	assert_int_equal(fclose(file), 0);
	parsed_free(&parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compat_long_words),
		cmocka_unit_test(compat_letters),
		cmocka_unit_test(chips_as_the_kernel_calls_them),
		cmocka_unit_test(one_guest_has_the_path_itself_too),
		cmocka_unit_test(equal_simulated_chips_are_not_the_same),
		cmocka_unit_test(log_level_and_control),
		cmocka_unit_test(guests_max_is_accepted),
		cmocka_unit_test(handover_without_guests),
		cmocka_unit_test(what_is_to_be_done),
		cmocka_unit_test(switches_and_fds),
		cmocka_unit_test(guests_of_both_kinds),
		cmocka_unit_test(help_and_version),
		ROW_TEST("B-04", capabilities_and_nothing_else),
		cmocka_unit_test(sandbox_is_a_mode),
		cmocka_unit_test(file_says_what_the_words_do_not),
		cmocka_unit_test(daemon_section_is_printed),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
