/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Wires: how they are asked for, what is said of those that cannot be, what shows of them, and that they stay. */
#include "reload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

/* What a set brings to the other end of a wire is there soon, not at once. */
struct showing {
	const char *words, *out;
};

static bool shows_it(void *ctx)
{
	const struct showing *showing = ctx;
	struct run run;

	return ctl(&run, showing->words) == 0 && strcmp(run_out(&run), showing->out) == 0;
}

static void wait_shows(const char *words, const char *out)
{
	struct showing showing = { words, out };

	if (!wait_for(shows_it, &showing, FIXTURE_MS))
		ctl_check(words, 0, out, "");
}

static void joined_shown_and_parted(void **state)
{
	struct run daemon;

	daemon_up_two(&daemon);
	ctl_check("wires", 0, "", "");
	ctl_check("wire guest0.dummy0 guest1.31", 0, "", "");
	ctl_check("wire guest1.0 guest0.1 --invert", 0, "", "");
	ctl_check("wire --delay 5ms guest0.2 guest0.3", 0, "", "");
	ctl_check("wires", 0,
		  "guest0.dummy0 - guest1.dummy31: 0 0\n"
		  "guest1.dummy0 -> guest0.dummy1 invert: 0 1\n"
		  "guest0.dummy2 -> guest0.dummy3 delay=5000us: 0 0\n",
		  "");
	ctl_check("set guest1.31=1", 0, "", "");
	wait_shows("get guest0.0", "\"guest0.0\"=active\n");
	ctl_check("unwire guest0.1 guest1.0", 0, "", "");
	ctl_check("unwire guest0.2 guest0.3", 0, "", "");
	ctl_check("wires", 0, "guest0.dummy0 - guest1.dummy31: 1 1\n", "");
	ctl_check("get guest0.0 guest0.1", 0, "\"guest0.0\"=active \"guest0.1\"=inactive\n", "");
	/* Two that disagree. */
	ctl_check("set guest0.0=0", 0, "", "");
	wait_shows("wires", "guest0.dummy0 - guest1.dummy31: x x conflicts=1\n");
	ctl_check("get guest0.0", 0, "\"guest0.0\"=unknown\n", "");
	ctl_check("--json wires", 0,
		  "{\"ok\":true,\"wires\":[{\"lines\":[\"guest0.dummy0\",\"guest1.dummy31\"],\"invert\":false,"
		  "\"delay_us\":0,\"levels\":[null,null],\"conflict\":true,\"conflicts\":1}]}\n",
		  "");
	ctl_check("toggle guest0.0", 1, "", "vgpioctl: guest0.dummy0 is driven high and low by its wires\n");
	ctl_check("pull guest0.0=pull-down", 0, "", "");
	wait_shows("wires", "guest0.dummy0 - guest1.dummy31: 1 1 conflicts=1\n");
	assert_non_null(strstr(run_said(&daemon),
			       "warning: guest0: wires: driven high by guest1.dummy31 and low by guest0.dummy0\n"));
	daemon_down(&daemon);
}

static void what_cannot_be_joined(void **state)
{
	struct run daemon;

	ctl_check("wire", 2, "", "vgpioctl: wire needs A B [--invert] [--delay TIME]: see \"vgpioctl wire --help\"\n");
	ctl_check("wire a.0", 2, "", "vgpioctl: wire needs two lines\n");
	ctl_check("wire a.0 b.0 c.0", 2, "", "vgpioctl: wire needs two lines\n");
	ctl_check("unwire a.0", 2, "", "vgpioctl: unwire needs two lines\n");
	ctl_check("unwire a.0 b.0 --invert", 2, "", "vgpioctl: unwire takes no option \"--invert\"\n");
	ctl_check("get a.0 --delay 5ms", 2, "", "vgpioctl: get takes no option \"--delay\"\n");
	ctl_check("wires a.0", 2, "", "vgpioctl: wires takes no lines\n");
	ctl_check("wire a.0 b.0 --delay", 2, "", "vgpioctl: --delay needs a value\n");
	ctl_check("wire a.0 b.0 --delay 5", 2, "", "vgpioctl: wire: --delay: \"5\" is not a time from 1us to 10s\n");
	ctl_check("wire a.0 b.0 --delay 11s", 2, "",
		  "vgpioctl: wire: --delay: \"11s\" is not a time from 1us to 10s\n");
	ctl_check("wire a.0 b.0 --delay 0ms", 2, "",
		  "vgpioctl: wire: --delay: \"0ms\" is not a time from 1us to 10s\n");
	daemon_up_two(&daemon);
	ctl_check("wire guest0.0 foo", 1, "", "vgpioctl: no line \"foo\"\n");
	/* A word for several lines joins none. */
	ctl_check("wire guest0.* guest1.0", 1, "", "vgpioctl: no line \"guest0.*\"\n");
	ctl_check("wire guest0 guest1.0", 1, "", "vgpioctl: no line \"guest0\"\n");
	ctl_check("unwire guest?.0 guest1.0", 1, "", "vgpioctl: no line \"guest?.0\"\n");
	ctl_check("wires", 0, "", "");
	ctl_check("wire guest0.0 guest0.dummy0", 1, "", "vgpioctl: both ends are guest0.dummy0\n");
	ctl_check("unwire guest0.0 guest1.0", 1, "",
		  "vgpioctl: there is no wire between guest0.dummy0 and guest1.dummy0\n");
	ctl_check("wire guest0.0 guest1.0", 0, "", "");
	ctl_check("wire guest1.0 guest0.0 --invert", 1, "",
		  "vgpioctl: guest1.dummy0 and guest0.dummy0 are wired already\n");
	ctl_check("wire guest0.1 guest1.1 --invert", 0, "", "");
	ctl_check("wire guest1.1 guest1.2 --delay 1us", 0, "", "");
	ctl_check("wire guest1.2 guest0.1 --invert", 1, "",
		  "vgpioctl: inverted or delayed wires would go in a circle, which never settles\n");
	daemon_down(&daemon);
}

static void requests_that_are_wrong(void **state)
{
	static const struct {
		const char *request, *error;
	} wrong[] = {
		{ "{\"cmd\":\"wire\"}", "\\\"lines\\\" must be an array of two lines" },
		{ "{\"cmd\":\"wire\",\"lines\":[\"guest0.0\"]}", "\\\"lines\\\" must be an array of two lines" },
		{ "{\"cmd\":\"wire\",\"lines\":[\"guest0.0\",1]}", "word 2 of \\\"lines\\\" is not a string" },
		{ "{\"cmd\":\"wire\",\"lines\":[\"guest0.0\",\"guest0.1\"],\"invert\":1}",
		  "\\\"invert\\\" is not true or false" },
		{ "{\"cmd\":\"wire\",\"lines\":[\"guest0.0\",\"guest0.1\"],\"delay_us\":-1}",
		  "\\\"delay_us\\\" is not a number from 0 to 10000000" },
		{ "{\"cmd\":\"wire\",\"lines\":[\"guest0.0\",\"guest0.1\"],\"delay_us\":10000001}",
		  "\\\"delay_us\\\" is not a number from 0 to 10000000" },
		{ "{\"cmd\":\"wire\",\"lines\":[\"guest0.0\",\"guest0.1\"],\"delay\":1}", "unknown key \\\"delay\\\"" },
		{ "{\"cmd\":\"unwire\",\"lines\":[\"guest0.0\",\"guest0.1\"],\"invert\":true}",
		  "unknown key \\\"invert\\\"" },
		{ "{\"cmd\":\"wires\",\"lines\":[\"guest0.0\"]}", "unknown key \\\"lines\\\"" },
		{ "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"],\"delay_us\":1}", "unknown key \\\"delay_us\\\"" },
	};
	struct run daemon;
	char reply[256];
	int fd;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(reply, sizeof(reply), "{\"ok\":false,\"error\":\"%s\"}", wrong[i].error);
		socket_exchange(fd, wrong[i].request, reply);
	}
	/* Requests in one go are answered in their order. */
	socket_exchange(fd, "{\"cmd\":\"wire\",\"lines\":[\"guest0.0\",\"guest1.0\"]}", "{\"ok\":true}");
	socket_exchange(fd, "{\"cmd\":\"set\",\"lines\":{\"guest0.0\":1}}", "{\"ok\":true,\"lines\":{\"guest0.0\":1}}");
	socket_exchange(fd, "{\"cmd\":\"unwire\",\"lines\":[\"guest1.0\",\"guest0.0\"]}", "{\"ok\":true}");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"guest1.0\"]}", "{\"ok\":true,\"lines\":{\"guest1.0\":0}}");
	close(fd);
	daemon_down(&daemon);
}

static void refused(const char *words, int status, const char *err)
{
	struct run run;

	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", words);
	assert_int_equal(run_wait(&run), status);
	assert_string_equal(run_said(&run), err);
}

#define TWO_GUESTS "--guest socket=a.sock,name=a,sim=2 --guest socket=b.sock,name=b,sim=2"

static void of_the_command_line(void **state)
{
	struct run run;

	refused(TWO_GUESTS " --wire a.0", 2,
		"vhost-device-gpio: --wire: wire: expected GUEST.LINE GUEST.LINE [invert] [delay=TIME], not \"a.0\"\n");
	refused(TWO_GUESTS " --wire a.0,c.0", 1, "vhost-device-gpio: --wire: wire: there is no guest \"c\"\n");
	refused(TWO_GUESTS " --wire a.0,b.2 --wire a.x,b.0", 1,
		"vhost-device-gpio: --wire: wire: b has no line 2\n"
		"vhost-device-gpio: --wire: wire: a has no line \"x\"\n");
	refused(TWO_GUESTS " --wire a.0,b.0,invert --wire b.0,a.0", 1,
		"vhost-device-gpio: --wire: wire: b.dummy0 and a.dummy0 are wired already\n");
	run_start(&run, "check", "VHOST_DEVICE_GPIO",
		  TWO_GUESTS " --wire a.0,b.dummy1,invert,delay=20us --wire a.1,a.1 --check");
	assert_int_equal(run_wait(&run), 1);
	assert_non_null(strstr(run_out(&run), "\nwire a.0 dummy0 b.1 dummy1 invert delay=20us\n"));
	assert_non_null(strstr(run_out(&run), "\nconflict: --wire: wire: both ends are a.dummy1\n"));
	run_start(&run, "print", "VHOST_DEVICE_GPIO", TWO_GUESTS " --wire a.0,b.dummy1,invert --print-config");
	assert_int_equal(run_wait(&run), 0);
	assert_non_null(strstr(run_out(&run), "\n\n[wires]\nwire = a.0,b.dummy1,invert\n"));
}

/* As an attribute of one of the two lines. */
static void of_a_line(void **state)
{
	static const char b[] = " --guest socket=b.sock,name=b,sim=2,names=first:rx --print-config";
	struct run run;
	char words[256];

	snprintf(words, sizeof(words), "--guest socket=a.sock,name=a,sim=3,lines=@sim{0=tx,wire=b.rx:1,wire=b.0}%s", b);
	run_start(&run, "print", "VHOST_DEVICE_GPIO", words);
	assert_int_equal(run_wait(&run), 0);
	assert_non_null(strstr(run_out(&run), "\n\n[wires]\nwire = a.tx b.rx\nwire = a.dummy1 b.0\n"));
	snprintf(words, sizeof(words), "--guest socket=a.sock,name=a,sim=3,lines=@sim{0-2,wire=b.rx}%s", b);
	refused(words, 2, "vhost-device-gpio: --guest 1: line 0-2: a range cannot have one wire\n");
	snprintf(words, sizeof(words), "--guest socket=a.sock,name=a,lines=@gpiochip0{0,wire=b.rx}%s", b);
	refused(words, 2, "vhost-device-gpio: --guest 1: line 0: wire joins simulated lines only\n");
}

#define WIRED(wires) STAYS TWO "[wires]\n" wires

static void of_a_file_that_is_read_again(void **state)
{
	start(WIRED("wire = stays.0 two.0\nwire = stays.1 two.1 invert\n"), WORDS);
	ctl_check("wires", 0,
		  "stays.dummy0 - two.dummy0: 0 0\n"
		  "stays.dummy1 -> two.dummy1 invert: 0 1\n",
		  "");
	ctl_check("wire stays.dummy1 stays.dummy2 --delay 1ms", 0, "", "");
	/* One less, one other; the one that was asked for stays. */
	reload(WIRED("wire = stays.0 two.1\n"));
	ctl_check("wires", 0,
		  "stays.dummy0 - two.dummy1: 0 0\n"
		  "stays.dummy1 -> stays.dummy2 delay=1000us: 0 0\n",
		  "");
	ctl_check("set two.1=1", 0, "", "");
	wait_shows("wires", "stays.dummy0 - two.dummy1: 1 1\n"
			    "stays.dummy1 -> stays.dummy2 delay=1000us: 0 0\n");
	/* What is wrong changes nothing, and is said. */
	reload_unchanged(WIRED("wire = stays.0 two.7\n"));
	wait_logged("error: reload: guests.conf:8: wire: two has no line 7", 1);
	reload_unchanged(WIRED("wires = stays.0 two.0\n"));
	wait_logged("guests.conf:8: unknown key \"wires\"; did you mean \"wire\"?", 1);
	ctl_check("get stays.0", 0, "\"stays.0\"=active\n", "");
	/* A guest that goes takes its wires with it. */
	reload(STAYS);
	ctl_check("wires", 0, "stays.dummy1 -> stays.dummy2 delay=1000us: 0 0\n", "");
	ctl_check("get stays.0", 0, "\"stays.0\"=inactive\n", "");
	reload(WIRED("wire = stays.0 two.0\n"));
	ctl_check("set two.0=1", 0, "", "");
	wait_shows("get stays.0", "\"stays.0\"=active\n");
	ctl_check("unwire stays.2 stays.1", 0, "", "");
	stop();
}

/* Both it and the processes that it knows them from. */
static void the_control_process_is_replaced(void **state)
{
	struct run daemon;

	daemon_up_two(&daemon);
	ctl_check("wire guest0.0 guest1.0", 0, "", "");
	child_replace(&daemon, "vgpio:control");
	ctl_check("wires", 0, "guest0.dummy0 - guest1.dummy0: 0 0\n", "");
	ctl_check("wire guest0.1 guest1.1", 0, "", "");
	ctl_check("unwire guest0.0 guest1.0", 0, "", "");
	ctl_check("wires", 0, "guest0.dummy1 - guest1.dummy1: 0 0\n", "");
	daemon_down(&daemon);
}

/* A guest that does not answer holds up the others' wires for one question. */
static void a_guest_that_stands_still(void **state)
{
	struct run daemon;
	pid_t worker;

	daemon_up_two(&daemon);
	ctl_check("wire guest0.0 guest1.0", 0, "", "");
	ctl_check("wire guest0.1 guest1.1", 0, "", "");
	worker = child_named(&daemon, "vgpio:guest1");
	kill(worker, SIGSTOP);
	ctl_check("wires", 0, "guest0.dummy0 - guest1.dummy0: 0 ?\nguest0.dummy1 - guest1.dummy1: 0 ?\n", "");
	/* What it is told now it does later. */
	ctl_check("unwire guest0.1 guest1.1", 0, "", "");
	ctl_check("set guest0.0=1 guest0.1=1", 0, "", "");
	kill(worker, SIGCONT);
	proc_wait_quiet(daemon.pid);
	wait_shows("get guest1.0 guest1.1", "\"guest1.0\"=active \"guest1.1\"=inactive\n");
	daemon_down(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(joined_shown_and_parted),
		PLAIN(what_cannot_be_joined),
		PLAIN(requests_that_are_wrong),
		PLAIN(of_the_command_line),
		PLAIN(of_a_line),
		PLAIN(of_a_file_that_is_read_again),
		PLAIN(the_control_process_is_replaced),
		PLAIN(a_guest_that_stands_still),
	};

	return cmocka_run_group_tests_name("wires", tests, NULL, NULL);
}
