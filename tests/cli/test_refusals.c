/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the program refuses to start with: one line on stderr, nothing on stdout, exit status 2 for words that make no
 * sense and 1 for what the machine does not have. (tests/unit/options/test_settings_refused.c has all the words.)
 */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void check(const char *words, int status, const char *line)
{
	char text[512];
	struct run run;

	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", words);
	assert_int_equal(run_wait(&run), status);
	snprintf(text, sizeof(text), "vhost-device-gpio: %s\n", line);
	assert_string_equal(run_err(&run), text);
	assert_string_equal(run_out(&run), "");
}

static void words_that_are_invalid(void **state)
{
	check("", 2, "no guests: give --socket-path and --device-list, --guest or --config");
	check("-l s8", 2, "--socket-path is missing");
	check("-s a -c 0 -l s8", 2, "--socket-count: \"0\" is not a count from 1 to 16384");
	check("-s a -c 2 -l s8", 2, "--socket-count is 2, but --device-list has 1 device: give --socket-count 1");
	check("-s a -c 3 -l 2:s4:2", 2, "--device-list: word 3: chip 2 is already given as word 1");
	check("-s a -c 2 -l s4:x4", 2, "--device-list: word 2: \"x4\" is not a chip (N or sN)");
	check("-s a -c 2 -l s4:", 2, "--device-list: word 2: empty");
	check("-s a -l s8 --nope", 2, "unknown option \"--nope\"");
	check("-s a -l s8 more", 2, "stray argument \"more\"");
	check("-s a -l s8\tx", 2, "--device-list: word 1: \"s8?x\" is not a chip (N or sN)");
	assert_false(file_exists("a0"));
}

static void two_sockets_or_none(void **state)
{
	check("-s a --fd 0 -l s8", 2, "--socket-path and --fd cannot be combined");
	check("--fd 0 --socket-path=a --device-list=s8", 2, "--socket-path and --fd cannot be combined");
	assert_false(file_exists("a0"));
	check("-l s8", 2, "--socket-path is missing");
}

/* The Rust program's own example, on a machine without these chips. */
static void chip_that_does_not_exist(void **state)
{
	check("--socket-path=gpio.sock --socket-count=2 --device-list 1000:1003", 1,
	      "guest0: /dev/gpiochip1000: No such file or directory\n"
	      "vhost-device-gpio: guest1: /dev/gpiochip1003: No such file or directory");
	assert_false(file_exists("gpio.sock0"));
	/* Found out before anything is served, be it the first chip or the last. */
	check("-s gpio.sock -c 2 -l s8:1000", 1, "guest1: /dev/gpiochip1000: No such file or directory");
	assert_false(file_exists("gpio.sock0"));
}

static void socket_that_cannot_be_made(void **state)
{
	check("-s nope/a -l s8", 1, "guest0: nope/a0: there is no directory nope");
	close(open("b0", O_CREAT | O_WRONLY, 0600));
	check("-s b -l s8", 1, "b0: exists and is not a socket");
	assert_true(file_exists("b0"));
	close(open("c", O_CREAT | O_WRONLY, 0600));
	check("-s c -l s8", 1, "c: exists and is neither a socket nor a link to one");
	assert_true(file_exists("c"));
	assert_false(file_exists("c0"));
	/* The second guest's socket: the first one's does not stay. */
	close(open("d1", O_CREAT | O_WRONLY, 0600));
	check("-s d -c 2 -l s8:s8", 1, "d1: exists and is not a socket");
	assert_false(file_exists("d0"));
}

static void control_socket_that_cannot_be_made(void **state)
{
	check("-s a -l s8 --control nope/x", 1, "--control: nope/x: there is no directory nope");
	assert_false(file_exists("a0"));
	assert_false(file_exists("a"));
}

static void help_and_version_go_to_stdout(void **state)
{
	struct run run;

	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", "--version");
	assert_int_equal(run_wait(&run), 0);
	assert_string_equal(run_out(&run), "vhost-device-gpio " PROGRAM_VERSION "\n");
	assert_string_equal(run_err(&run), "");
	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", "-h");
	assert_int_equal(run_wait(&run), 0);
	assert_non_null(strstr(run_out(&run), "--device-list"));
	assert_string_equal(run_err(&run), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("B-10", words_that_are_invalid),
		CASE("B-03", two_sockets_or_none),
		CASE("B-10", chip_that_does_not_exist),
		CASE("B-10", socket_that_cannot_be_made),
		CASE("B-10", control_socket_that_cannot_be_made),
		PLAIN(help_and_version_go_to_stdout),
	};

	return cmocka_run_group_tests_name("cli refusals", tests, NULL, NULL);
}
