/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vgpioctl, and who is at the other end of its socket: nobody, somebody who does not answer, somebody who means harm. */
#include "fixture.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wait.h"

static void check_default(const char *variable)
{
	struct run run;

	if (variable)
		setenv("VGPIO_CONTROL", variable, 1);
	else
		unsetenv("VGPIO_CONTROL");
	run_start(&run, "ctl", "VGPIOCTL", "get guest0.0");
	assert_int_equal(run_wait(&run), 1);
	assert_string_equal(
		run_err(&run),
		"vgpioctl: /run/vhost-device-gpio/control.sock: No such file or directory: is there a daemon with "
		"--control /run/vhost-device-gpio/control.sock?\n");
}

static void no_daemon(void **state)
{
	ctl_check("get guest0.0", 1, "",
		  "vgpioctl: ctl.sock: No such file or directory: is there a daemon with --control ctl.sock?\n");
	ctl_check("--control=nope/x get guest0.0", 1, "",
		  "vgpioctl: nope/x: No such file or directory: is there a daemon with --control nope/x?\n");
	if (!file_exists("/run/vhost-device-gpio/control.sock")) {
		check_default(NULL);
		check_default("");
	}
}

/* Root does not ask. */
static void modes_count(void *ctx)
{
	prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE);
}

static void not_let_in(void **state)
{
	int listen_fd = socket_listen("ctl.sock");
	struct run run;

	assert_int_equal(chmod("ctl.sock", 0), 0);
	run_start_with(&run, "ctl", "VGPIOCTL", "--control ctl.sock get 0", modes_count, NULL);
	assert_int_equal(run_wait(&run), 1);
	assert_string_equal(run_err(&run),
			    "vgpioctl: ctl.sock: Permission denied: --control-mode and --control-group of the "
			    "daemon say who may connect\n");
	close(listen_fd);
	unlink("ctl.sock");
}

/* Never takes a connection. Filled up, as a process that stands still fills it, it takes none even from the kernel. */
static void nobody_answers(void **state)
{
	static const char text[] = "vgpioctl: ctl.sock: no answer within 10 s\n";
	int listen_fd = socket_listen("ctl.sock"), fds[64], n = 0;
	struct run run;

	run_start(&run, "full", "VGPIOCTL", "--control ctl.sock get 0");
	assert_int_equal(run_wait(&run), 1);
	assert_string_equal(run_err(&run), text);
	do {
		fds[n] = socket_connect_at_once("ctl.sock");
	} while (fds[n] >= 0 && ++n < 64);
	assert_in_range(n, 1, 63);
	ctl_check("get 0", 1, "", text);
	while (n > 0)
		close(fds[--n]);
	close(listen_fd);
	unlink("ctl.sock");
}

/* Six guests that do not answer: the daemon gives each 2 s. */
static void a_daemon_that_waits_for_guests_is_waited_for(void **state)
{
	struct run daemon, run;
	pid_t workers[6];

	daemon_up(&daemon, "-s gpio.sock -c 6 -l s1:s1:s1:s1:s1:s1 --control ctl.sock", 6, true);
	for (int i = 0; i < 6; i++) {
		char name[32];

		snprintf(name, sizeof(name), "vgpio:guest%d", i);
		workers[i] = child_wait(&daemon, name, 0);
	}
	for (int i = 0; i < 6; i++)
		kill(workers[i], SIGSTOP);
	assert_int_equal(ctl(&run, "info"), 1);
	assert_string_equal(run_err(&run), "vgpioctl: guest0 does not answer\nvgpioctl: guest1 does not answer\n"
					   "vgpioctl: guest2 does not answer\nvgpioctl: guest3 does not answer\n"
					   "vgpioctl: guest4 does not answer\nvgpioctl: guest5 does not answer\n");
	for (int i = 0; i < 6; i++)
		kill(workers[i], SIGCONT);
	daemon_down(&daemon);
}

#define NASTY "\\u001b[2J\\u009bX"
#define SHOWN "?[2J??X"

/* One call of vgpioctl, in place of the daemon. */
static pid_t answer(const char *reply)
{
	int fd = socket_listen("ctl.sock");
	pid_t pid = fork();
	char asked[4096];

	if (pid == 0) {
		int peer = accept(fd, NULL, NULL);

		if (read(peer, asked, sizeof(asked)) > 0)
			dprintf(peer, "%s\n", reply);
		while (read(peer, asked, sizeof(asked)) > 0)
			;
		_exit(0);
	}
	close(fd);
	return pid;
}

/* The process that answers serves whoever may open its socket, and may be in their hand. */
static void nothing_reaches_the_terminal(void **state)
{
	static const char line[] = "{\"line\":\"" NASTY "\",\"guest\":\"" NASTY "\",\"offset\":1,\"name\":\"" NASTY
				   "\",\"direction\":\"" NASTY "\",\"level\":1,\"irq\":\"" NASTY "\"}";
	static const struct {
		const char *words, *before, *after, *out;
	} rows[] = {
		{ "info x", "\"lines\":[", "]", SHOWN " 1\t\"" SHOWN "\"       \t" SHOWN " active irq=" SHOWN "\n" },
		{ "info", "\"guests\":[{\"name\":\"" NASTY "\",\"lines\":1}],\"lines\":[", "]",
		  SHOWN " - 1 lines:\n\tline   1:\t\"" SHOWN "\"       \t" SHOWN " active irq=" SHOWN "\n" },
		{ "info --names", "\"lines\":[", "]", SHOWN "\n" },
		{ "get x", "\"lines\":{\"" NASTY "\":1,\"x\":", "}", "\"" SHOWN "\"=active \"x\"=unknown\n" },
		{ "wires", "\"wires\":[{\"lines\":[\"" NASTY "\",\"" NASTY "\"],\"levels\":[1,1],\"x\":", "}]",
		  SHOWN " - " SHOWN ": 1 1\n" },
		{ "monitor --count 1",
		  "\"x\":0}\n{\"event\":\"change\",\"time_ns\":1,\"edge\":\"" NASTY "\",\"guest\":\"" NASTY
		  "\",\"offset\":2,\"name\":\"" NASTY "\",\"x\":",
		  "", "0.000000001\t" SHOWN "\t" SHOWN " 2 \"" SHOWN "\"\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char reply[4096];
		pid_t pid;

		snprintf(reply, sizeof(reply), "{\"ok\":true,%s%s%s}", rows[i].before, line, rows[i].after);
		pid = answer(reply);
		ctl_check(rows[i].words, 0, rows[i].out, "");
		waitpid(pid, NULL, 0);
		unlink("ctl.sock");
	}
}

/* What is no line yet is not kept for ever. */
static void a_line_without_end(void **state)
{
	int fd = socket_listen("ctl.sock");
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		static char blanks[1 << 20];
		int peer = accept(fd, NULL, NULL);
		unsigned sent = 0;

		memset(blanks, ' ', sizeof(blanks));
		while (sent < 64 && send(peer, blanks, sizeof(blanks), MSG_NOSIGNAL) > 0)
			sent++;
		_exit(sent == 64);
	}
	close(fd);
	ctl_check("get x", 1, "", "vgpioctl: ctl.sock: Message too long\n");
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	unlink("ctl.sock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(no_daemon),
		PLAIN(not_let_in),
		PLAIN(nobody_answers),
		PLAIN(a_daemon_that_waits_for_guests_is_waited_for),
		PLAIN(nothing_reaches_the_terminal),
		PLAIN(a_line_without_end),
	};

	return cmocka_run_group_tests_name("cli vgpioctl_peer", tests, NULL, NULL);
}
