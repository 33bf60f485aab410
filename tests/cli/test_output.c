/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What cannot be written to standard output is an error of both programs, whatever they print. */
#include "fixture.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void stdout_full(void *ctx)
{
	dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
}

static void stdout_closed(void *ctx)
{
	close(STDOUT_FILENO);
}

static void check_failed(const char *variable, const char *words, const char *err)
{
	static void (*const prepares[])(void *) = { stdout_full, stdout_closed };

	for (size_t i = 0; i < sizeof(prepares) / sizeof(prepares[0]); i++) {
		struct run run;

		run_start_with(&run, "run", variable, words, prepares[i], NULL);
		if (run_wait(&run) != 1)
			fail_msg("%s: not status 1: %s", words, run_err(&run));
		assert_string_equal(run_err(&run), err);
	}
}

static void of_the_daemon(void **state)
{
	static const char *const words[] = { "--version", "--help", "--print-capabilities",
					     "-s gpio.sock -l s8 --print-config", "-s gpio.sock -l s8 --check" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		check_failed("VHOST_DEVICE_GPIO", words[i], "vhost-device-gpio: standard output cannot be written\n");
}

static void of_vgpioctl(void **state)
{
	static const char *const words[] = { "--version",
					     "--help",
					     "--control=ctl.sock get 2",
					     "--control=ctl.sock --json get 2",
					     "--control=ctl.sock info",
					     "--control=ctl.sock --json info",
					     "--control=ctl.sock --json set 2=0",
					     "--control=ctl.sock monitor",
					     "--control=ctl.sock --json monitor" };
	struct run daemon;

	daemon_up(&daemon, "-s gpio.sock -l s3000 --control ctl.sock", 1, true);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		check_failed("VGPIOCTL", words[i], "vgpioctl: standard output cannot be written\n");
	daemon_down(&daemon);
}

/* What is to be said to the user does not go to the daemon, by the number of a descriptor that nobody has opened. */
static void nothing_to_say_is_no_error(void **state)
{
	struct run daemon, run;

	daemon_up(&daemon, "-s gpio.sock -l s8 --control ctl.sock", 1, true);
	run_start_with(&run, "run", "VGPIOCTL", "--control=ctl.sock set 2=1", stdout_closed, NULL);
	assert_int_equal(run_wait(&run), 0);
	assert_string_equal(run_err(&run), "");
	daemon_down(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(of_the_daemon),
		PLAIN(of_vgpioctl),
		PLAIN(nothing_to_say_is_no_error),
	};

	return cmocka_run_group_tests_name("cli output", tests, NULL, NULL);
}
