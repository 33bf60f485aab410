/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vgpioctl: its words, its formats, its exit statuses. */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wait.h"

#define WHAT_L " (L is GUEST.LINE, or LINE where that is unique; LINE is a name or an offset)\n"

static void words_that_make_no_sense(void **state)
{
	ctl_check("", 2, "", "vgpioctl: no verb; see --help\n");
	ctl_check("toogle x", 2, "", "vgpioctl: unknown verb \"toogle\"; did you mean \"toggle\"?\n");
	ctl_check("frob", 2, "", "vgpioctl: unknown verb \"frob\"; see --help\n");
	ctl_check("--frob", 2, "", "vgpioctl: unknown option \"--frob\"\n");
	ctl_check("--control", 2, "", "vgpioctl: --control needs a value\n");
	ctl_check("get", 2, "", "vgpioctl: get needs L: see \"vgpioctl get --help\"\n");
	ctl_check("set", 2, "", "vgpioctl: set needs L=0|1: see \"vgpioctl set --help\"\n");
	ctl_check("set guest0.0", 2, "", "vgpioctl: set: \"guest0.0\" is not L=0|1" WHAT_L);
	ctl_check("set guest0.0=2", 2, "", "vgpioctl: set: \"guest0.0=2\" is not L=0|1" WHAT_L);
	ctl_check("--control= get 0", 2, "", "vgpioctl: --control: empty\n");
	ctl_check("get 0 --frob", 2, "", "vgpioctl: unknown option \"--frob\"\n");
	ctl_check("get 0 --hold 5ms", 2, "", "vgpioctl: get takes no option \"--hold\"\n");
	ctl_check("monitor --count x", 2, "", "vgpioctl: --count: \"x\" is not a number from 1 on\n");
	ctl_check("pull guest0.0=1", 2, "", "vgpioctl: pull: \"guest0.0=1\" is not L=pull-up|pull-down" WHAT_L);
}

static void verbs_of_later_versions(void **state)
{
	static const char *const later[] = { "safe", "stats" };

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "vgpioctl: %s is not supported by this version\n", later[i]);
		ctl_check(later[i], 2, "", text);
	}
}

static void help_and_version(void **state)
{
	struct run run;

	ctl_check("--version", 0, "vgpioctl " PROGRAM_VERSION "\n", "");
	assert_int_equal(ctl(&run, "--help"), 0);
	assert_non_null(strstr(run_out(&run), "pull L=pull-up|pull-down..."));
	assert_null(strstr(run_out(&run), "stats"));
	assert_int_equal(ctl(&run, "monitor --help"), 0);
	assert_non_null(strstr(run_out(&run), "Usage: vgpioctl monitor [L...]\n"));
	assert_non_null(strstr(run_out(&run), "--timeout TIME "));
	assert_null(strstr(run_out(&run), "--bounce"));
	assert_int_equal(ctl(&run, "--help press x"), 0);
	assert_non_null(strstr(run_out(&run), "--bounce TIME[,SEED] "));
}

static void options_may_stand_anywhere(void **state)
{
	static const char json[] = "{\"ok\":true,\"lines\":{\"2\":0}}\n";
	struct run daemon;

	daemon_up(&daemon, "-s gpio.sock -l s8 --control ctl.sock", 1, true);
	ctl_check("get --json 2", 0, json, "");
	ctl_check("get 2 --json", 0, json, "");
	ctl_check("--control nope get 2 --json --control ctl.sock", 0, json, "");
	ctl_check("get -- 2", 0, "\"2\"=inactive\n", "");
	ctl_check("get -- --json", 1, "", "vgpioctl: no line \"--json\"\n");
	daemon_down(&daemon);
}

static void gets_and_sets(void **state)
{
	struct run daemon;

	daemon_up_two(&daemon);
	ctl_check("get guest0.dummy2 dummy31", 0, "\"guest0.dummy2\"=inactive \"dummy31\"=inactive\n", "");
	ctl_check("set guest0.dummy2=on dummy31=high", 0, "", "");
	ctl_check("set guest0.dummy2=off dummy31=low", 0, "", "");
	ctl_check("get --numeric guest0.dummy2 dummy31", 0, "0 0\n", "");
	ctl_check("set guest0.dummy2=1 dummy31=active", 0, "", "");
	ctl_check("get guest0.dummy2 --numeric", 0, "1\n", "");
	ctl_check("get guest0.dummy2 dummy31", 0, "\"guest0.dummy2\"=active \"dummy31\"=active\n", "");
	ctl_check("--json get guest0.dummy2", 0, "{\"ok\":true,\"lines\":{\"guest0.dummy2\":1}}\n", "");
	ctl_check("toggle guest0.dummy2", 0, "", "");
	ctl_check("get guest0.2", 0, "\"guest0.2\"=inactive\n", "");
	ctl_check("pull guest0.2=pull-up guest0.3=pull-down", 0, "", "");
	ctl_check("get guest0.2 guest0.3", 0, "\"guest0.2\"=active \"guest0.3\"=inactive\n", "");
	ctl_check("get foo", 1, "", "vgpioctl: no line \"foo\"\n");
	ctl_check("get dummy2", 1, "", "vgpioctl: \"dummy2\" is ambiguous: guest0.dummy2, guest1.dummy2\n");
	daemon_down(&daemon);
}

/* The protocol has each line once in an object: what is said twice is done twice, in order. */
static void a_line_may_be_named_twice(void **state)
{
	struct run daemon;

	daemon_up_two(&daemon);
	ctl_check("set guest0.2=1 guest0.2=0", 0, "", "");
	ctl_check("get guest0.2 guest0.2", 0, "\"guest0.2\"=inactive \"guest0.2\"=inactive\n", "");
	ctl_check("set guest0.2=0 guest0.3=1 guest0.2=1", 0, "", "");
	ctl_check("get guest0.2 guest0.3", 0, "\"guest0.2\"=active \"guest0.3\"=active\n", "");
	ctl_check("--json set guest0.2=1 guest0.2=0", 0,
		  "{\"ok\":true,\"lines\":{\"guest0.2\":1}}\n{\"ok\":true,\"lines\":{\"guest0.2\":0}}\n", "");
	ctl_check("toggle guest0.2 guest0.2 guest0.2", 0, "", "");
	ctl_check("pull guest0.3=pull-up guest0.3=pull-down", 0, "", "");
	ctl_check("get guest0.2 guest0.3", 0, "\"guest0.2\"=active \"guest0.3\"=inactive\n", "");
	ctl_check("info guest0.3 guest0.3", 0,
		  "guest0 3\t\"dummy3\"        \tnone inactive\nguest0 3\t\"dummy3\"        \tnone inactive\n", "");
	/* A wrong word at the end: nothing is done, as in one request. */
	ctl_check("set guest0.2=0 guest0.2=0 foo=1", 1, "", "vgpioctl: no line \"foo\"\n");
	ctl_check("get guest0.2", 0, "\"guest0.2\"=active\n", "");
	daemon_down(&daemon);
}

#define MANY 1101 /* lines: more than a request has room for */

/* "VERB 0VALUE 1VALUE ...". */
static const char *many_words(const char *verb, const char *value)
{
	static char words[64 * 1024];
	size_t len = (size_t)sprintf(words, "%s", verb);

	for (int i = 0; i < MANY; i++)
		len += (size_t)sprintf(words + len, " guest0.%d%s", i, value);
	return words;
}

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

static void any_number_of_lines(void **state)
{
	struct run daemon, run;

	daemon_up(&daemon, "-s gpio.sock -l s1200 --control ctl.sock", 1, true);
	ctl_check(many_words("set", "=1"), 0, "", "");
	ctl_check(many_words("toggle", ""), 0, "", "");
	ctl_check(many_words("pull", "=pull-up"), 0, "", "");
	assert_int_equal(ctl(&run, many_words("get", "")), 0);
	assert_int_equal(count(run_out(&run), "=active"), MANY);
	assert_int_equal(count(run_out(&run), "\n"), 1);
	assert_int_equal(ctl(&run, many_words("info", "")), 0);
	assert_int_equal(count(run_out(&run), "none active\n"), MANY);
	assert_int_equal(ctl(&run, many_words("--json info", "")), 0);
	assert_int_equal(count(run_out(&run), "\"line\":"), MANY);
	/* Nothing at all is done when the last of them is wrong. */
	ctl_check(many_words("set foo=0", "=0"), 1, "", "vgpioctl: no line \"foo\"\n");
	ctl_check("get 0", 0, "\"0\"=active\n", "");
	daemon_down(&daemon);
}

/* They do not fit in the one request that a monitor makes. */
static void any_number_of_lines_is_monitored(void **state)
{
	struct run daemon, run;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s1200:s1 --control ctl.sock", 2, true);
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	run_start(&run, "monitor", "VGPIOCTL", many_words("monitor", ""));
	run_wait_out(&run, "\tinactive\tguest0 1100 \"dummy1100\"\n");
	ctl_check("set guest1.0=1", 0, "", "");
	ctl_check("set 1101=1", 0, "", "");
	ctl_check("set 1100=1", 0, "", "");
	run_wait_out(&run, "\trising\tguest0 1100 \"dummy1100\"\n");
	assert_int_equal(count(run_out(&run), "\tinactive\t"), MANY);
	assert_int_equal(count(run_out(&run), "rising"), 1);
	assert_int_equal(run_stop(&run), 128 + SIGTERM);
	assert_int_equal(ctl(&run, many_words("monitor foo", "")), 1);
	assert_string_equal(run_err(&run), "vgpioctl: no line \"foo\"\n");
	daemon_down(&daemon);
}

/* It refuses a request that it has read a part of only, and closes; why is more than that the pipe is broken. */
static void a_last_word_is_heard(void **state)
{
	char words[120 * 1024];
	struct run daemon;

	daemon_up_two(&daemon);
	memset(words, '"', sizeof(words) - 1);
	memcpy(words, "get ", 4);
	words[sizeof(words) - 1] = '\0';
	ctl_check(words, 1, "", "vgpioctl: request longer than 4096 bytes\n");
	daemon_down(&daemon);
}

static void info_is_a_table(void **state)
{
	struct run daemon;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s2:s1 --control ctl.sock", 2, true);
	ctl_check("set guest0.1=1", 0, "", "");
	ctl_check("info", 0,
		  "guest0 - 2 lines:\n"
		  "\tline   0:\t\"dummy0\"        \tnone inactive\n"
		  "\tline   1:\t\"dummy1\"        \tnone active\n"
		  "guest1 - 1 lines:\n"
		  "\tline   0:\t\"dummy0\"        \tnone inactive\n",
		  "");
	ctl_check("info guest0.1 guest1.dummy0", 0,
		  "guest0 1\t\"dummy1\"        \tnone active\n"
		  "guest1 0\t\"dummy0\"        \tnone inactive\n",
		  "");
	daemon_down(&daemon);
}

/* A name is shown in quotes; one in which there are quotes has to be told apart from two. */
static void odd_names_can_be_read(void **state)
{
	static const char names[] =
		"--guest name=g,socket=gpio.sock,sim=4,names=7:\"a\\\"b\\\\c\":g.0 --control ctl.sock";
	struct run daemon, run;

	run_start(&daemon, "daemon", "VHOST_DEVICE_GPIO", names);
	child_wait(&daemon, "vgpio:g", 0);
	child_wait(&daemon, "vgpio:control", 0);
	ctl_check("get g.0 g.a\"b\\c g.g.0", 0, "\"g.0\"=inactive \"g.a\\\"b\\\\c\"=inactive \"g.g.0\"=inactive\n", "");
	assert_int_equal(ctl(&run, "info"), 0);
	assert_non_null(strstr(run_out(&run), "\tline   1:\t\"a\\\"b\\\\c\"       \tnone inactive\n"));
	assert_int_equal(ctl(&run, "--json info g.0"), 0);
	assert_non_null(strstr(run_out(&run), "{\"line\":\"g.0\",\"guest\":\"g\",\"offset\":0,\"name\":\"7\","));
	daemon_down(&daemon);
}

/* More lines than one reply has. */
static void info_of_many_lines(void **state)
{
	struct run daemon, run;

	daemon_up(&daemon, "-s gpio.sock -l s2500 --control ctl.sock", 1, true);
	assert_int_equal(ctl(&run, "info"), 0);
	assert_non_null(strstr(run_out(&run), "guest0 - 2500 lines:\n\tline   0:"));
	assert_non_null(strstr(run_out(&run), "\tline 1024:\t\"dummy1024\"     \tnone inactive\n"));
	assert_non_null(strstr(run_out(&run), "\tline 2499:"));
	daemon_down(&daemon);
}

/* "12.000000345\trising\tguest0 2 \"dummy2\"\n": the digits are not the same each time. */
static const char *skip_time(const char *text)
{
	size_t seconds = strspn(text, "0123456789");

	assert_true(seconds > 0);
	assert_int_equal(text[seconds], '.');
	assert_int_equal(strspn(text + seconds + 1, "0123456789"), 9);
	return text + seconds + 10;
}

static void monitor_speaks_like_gpiomon(void **state)
{
	static const char first[] = "\tinactive\tguest0 1 \"dummy1\"\n";
	static const char rising[] = "\trising\tguest0 2 \"dummy2\"\n";
	struct run daemon, run;
	const char *text;

	daemon_up_two(&daemon);
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	run_start(&run, "monitor", "VGPIOCTL", "monitor guest0.2 guest0.dummy1");
	run_wait_out(&run, "\tinactive\tguest0 2 \"dummy2\"\n");
	ctl_check("set guest0.dummy2=1", 0, "", "");
	ctl_check("set guest0.dummy2=0", 0, "", "");
	run_wait_out(&run, "falling");
	/* The states are of the same form. */
	text = skip_time(run_out(&run));
	assert_int_equal(strncmp(text, first, sizeof(first) - 1), 0);
	text = skip_time(strchr(strchr(text, '\n') + 1, '\n') + 1);
	assert_int_equal(strncmp(text, rising, sizeof(rising) - 1), 0);
	text = skip_time(text + sizeof(rising) - 1);
	assert_string_equal(text, "\tfalling\tguest0 2 \"dummy2\"\n");
	daemon_down(&daemon);
	assert_int_equal(run_wait(&run), 1);
	assert_string_equal(run_err(&run), "vgpioctl: ctl.sock: the connection was closed\n");
}

static void monitor_has_an_end(void **state)
{
	struct run daemon, run;

	daemon_up_two(&daemon);
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	run_start(&run, "monitor", "VGPIOCTL", "monitor --count 2 guest0.2");
	run_wait_out(&run, "\tinactive\t");
	ctl_check("set guest0.2=1", 0, "", "");
	ctl_check("set guest0.2=0", 0, "", "");
	assert_int_equal(run_wait(&run), 0);
	assert_int_equal(count(run_out(&run), "\n"), 3);
	assert_int_equal(ctl(&run, "monitor --timeout 50ms guest0.2"), 0);
	assert_int_equal(count(run_out(&run), "\n"), 1);
	assert_int_equal(ctl(&run, "monitor --count 1 --timeout 50ms guest0.2"), 1);
	assert_string_equal(run_err(&run), "vgpioctl: monitor: the time is over: 0 of 1 changes came\n");
	ctl_check("monitor --count 0", 2, "", "vgpioctl: --count: \"0\" is not a number from 1 on\n");
	ctl_check("monitor --timeout 5", 2, "", "vgpioctl: --timeout: \"5\" is not a time (80ms, 1.5s, 200us)\n");
	daemon_down(&daemon);
}

/* The change came before the next connection, or after it. */
static bool is_active_again(void *ctx)
{
	const char *out = run_out(ctx);

	return strstr(out, "\tactive\tguest0 3 ") || strstr(out, "\trising\tguest0 3 ");
}

/* The control process is replaced, as when guests come or go: what is known already is not told again. */
static void monitor_goes_on(void **state)
{
	struct run daemon, run;

	daemon_up_two(&daemon);
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	run_start(&run, "monitor", "VGPIOCTL", "monitor guest0.2 guest0.3");
	run_wait_out(&run, "guest0 3 \"dummy3\"\n");
	ctl_check("set guest0.2=1", 0, "", "");
	run_wait_out(&run, "\trising\tguest0 2");
	child_replace(&daemon, "vgpio:control");
	ctl_check("set guest0.3=1", 0, "", "");
	assert_true(wait_for(is_active_again, &run, WAIT_MS));
	ctl_check("set guest0.2=0", 0, "", "");
	run_wait_out(&run, "\tfalling\tguest0 2");
	assert_int_equal(count(run_out(&run), "guest0 2 "), 3);
	assert_int_equal(count(run_out(&run), "guest0 3 "), 2);
	assert_string_equal(run_err(&run), "");
	run_stop(&daemon);
	assert_int_equal(run_wait(&run), 1);
	assert_string_equal(run_err(&run), "vgpioctl: ctl.sock: the connection was closed\n");
}

static void words_for_several_lines(void **state)
{
	struct run daemon, run;

	run_start(
		&daemon, "daemon", "VHOST_DEVICE_GPIO",
		"--guest name=ci,socket=a.sock,sim=3,names=led0:led1:key --guest name=b,socket=b.sock,sim=1 --control "
		"ctl.sock");
	child_wait(&daemon, "vgpio:ci", 0);
	child_wait(&daemon, "vgpio:b", 0);
	child_wait(&daemon, "vgpio:control", 0);
	ctl_check("get ci.led*", 0, "\"ci.led0\"=inactive \"ci.led1\"=inactive\n", "");
	ctl_check("get ?.* key", 0, "\"b.dummy0\"=inactive \"key\"=inactive\n", "");
	ctl_check("get --numeric ci", 0, "0 0 0\n", "");
	ctl_check("info ci --names", 0, "ci.led0\nci.led1\nci.key\n", "");
	ctl_check("info --names", 0, "ci.led0\nci.led1\nci.key\nb.dummy0\n", "");
	assert_int_equal(ctl(&run, "info b"), 0);
	assert_string_equal(run_out(&run), "b 0\t\"dummy0\"        \tnone inactive\n");
	/* What is driven has to be named. */
	ctl_check("set ci.led*=1", 1, "", "vgpioctl: no line \"ci.led*\"; did you mean \"ci.led0\"?\n");
	ctl_check("toggle ci", 1, "", "vgpioctl: no line \"ci\"\n");
	ctl_check("get ci.kay", 1, "", "vgpioctl: no line \"ci.kay\"; did you mean \"ci.key\"?\n");
	ctl_check("get x*", 1, "", "vgpioctl: no line \"x*\"\n");
	/* A refusal is an answer, too. */
	ctl_check("--json get xyz", 1, "{\"ok\":false,\"error\":\"no line \\\"xyz\\\"\"}\n",
		  "vgpioctl: no line \"xyz\"\n");
	assert_int_equal(run_stop(&daemon), 0);
}

static void not_too_many_of_them(void **state)
{
	struct run daemon, run;

	daemon_up(&daemon, "-s gpio.sock -l s1025 --control ctl.sock", 1, true);
	ctl_check("get guest0", 1, "", "vgpioctl: \"guest0\": more than 1024 lines in one request\n");
	assert_int_equal(ctl(&run, "get dummy?* 1024"), 1);
	assert_int_equal(ctl(&run, "info guest0.dummy1*"), 0);
	daemon_down(&daemon);
}

static void monitor_in_json(void **state)
{
	struct run daemon, run;

	daemon_up_two(&daemon);
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	run_start(&run, "monitor", "VGPIOCTL", "--json monitor guest0.2");
	run_wait_out(&run, "{\"event\":\"state\",");
	ctl_check("set guest0.dummy2=1", 0, "", "");
	run_wait_out(&run, "\"edge\":\"rising\",\"line\":\"guest0.dummy2\",");
	assert_int_equal(run_stop(&run), 128 + SIGTERM);
	daemon_down(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(words_that_make_no_sense),
		PLAIN(verbs_of_later_versions),
		PLAIN(help_and_version),
		PLAIN(options_may_stand_anywhere),
		PLAIN(gets_and_sets),
		PLAIN(a_line_may_be_named_twice),
		PLAIN(any_number_of_lines),
		PLAIN(any_number_of_lines_is_monitored),
		PLAIN(a_last_word_is_heard),
		PLAIN(info_is_a_table),
		PLAIN(odd_names_can_be_read),
		PLAIN(info_of_many_lines),
		PLAIN(monitor_speaks_like_gpiomon),
		PLAIN(monitor_in_json),
		PLAIN(monitor_has_an_end),
		PLAIN(monitor_goes_on),
		PLAIN(words_for_several_lines),
		PLAIN(not_too_many_of_them),
	};

	return cmocka_run_group_tests_name("cli vgpioctl", tests, NULL, NULL);
}
