/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The command line: what it makes of its words, and which words it refuses with which message. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "config/file/config_file.h"
#include "control/control.h"
#include "options/settings.h"
#include "sandbox/prepare.h"

#define WORDS_MAX 12

struct parsed {
	struct settings settings;
	struct guest_configs configs;
	char text[4096]; /* what is to be printed */
};

static void parsed_free(struct parsed *parsed)
{
	settings_deinit(&parsed->settings);
	guest_configs_deinit(&parsed->configs);
}

static void print(struct parsed *parsed)
{
	FILE *file = fmemopen(parsed->text, sizeof(parsed->text), "w");

	assert_non_null(file);
	cli_print(parsed->settings.cli.print, file);
	assert_int_equal(fclose(file), 0);
}

/* Words that are parted by blanks; a word is made long by '@', which stands for 110 letters. */
static enum settings_action parse(struct parsed *parsed, const char *words)
{
	static char text[64 * 1024];
	static char program[] = "vhost-device-gpio";
	char *argv[WORDS_MAX + 1] = { program };
	enum settings_action result;
	size_t len = 0;
	int argc = 1;

	text[0] = 0;
	for (; *words; words++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, *words == '@' ? "%0110d" : "%c",
					*words == '@' ? 0 : *words);
	for (char *word = strtok(text, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	memset(parsed, 0, sizeof(*parsed));
	result = settings_parse(&parsed->settings, argc, argv);
	if (result == SETTINGS_PRINT) {
		print(parsed);
		return result;
	}
	if (result != SETTINGS_REFUSE &&
	    settings_guests(&parsed->settings, &parsed->configs, &parsed->settings.why) < 0)
		result = SETTINGS_REFUSE;
	snprintf(parsed->text, sizeof(parsed->text), "%s", parsed->settings.why.text);
	return result;
}

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

static char file_path[] = "/tmp/vgpio-test-XXXXXX";

/* Words, and a configuration file of this text. */
static enum settings_action parse_file(struct parsed *parsed, const char *text, const char *words)
{
	char all[256];
	FILE *file;
	int fd;

	strcpy(file_path + sizeof(file_path) - 7, "XXXXXX");
	fd = mkstemp(file_path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	snprintf(all, sizeof(all), "--config %s %s", file_path, words);
	return parse(parsed, all);
}

static void parsed_file_free(struct parsed *parsed)
{
	unlink(file_path);
	parsed_free(parsed);
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
		ROW_TEST("B-10", refusals_name_word_and_place),
		ROW_TEST("B-04", capabilities_and_nothing_else),
		cmocka_unit_test(sandbox_is_a_mode),
		cmocka_unit_test(control_path_is_checked),
		cmocka_unit_test(file_says_what_the_words_do_not),
		cmocka_unit_test(file_refusals_name_word_and_place),
		cmocka_unit_test(daemon_section_is_printed),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
