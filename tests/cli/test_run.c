/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vgpioctl run: scenarios beside a guest with a button at line 0 and a lamp at line 1, which is played here. */
#include "guest_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpio.h"
#include "vmm.h"
#include "wait.h"

#define BUTTON 0
#define LAMP   1

static struct {
	struct run daemon;
	struct vmm vmm;
	bool is_broken; /* the guest's program: its lamp stays dark */
} setting;

static int setup(void **state)
{
	if (fixture_setup(state) < 0)
		return -1;
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	daemon_up(&setting.daemon,
		  "--guest socket=ci.sock,sim=8,names=button:led --guest socket=two.sock,sim=4 --control ctl.sock", 2,
		  true);
	vmm_init(&setting.vmm, 0);
	setting.is_broken = false;
	return 0;
}

static int teardown(void **state)
{
	return guest_fixture_teardown(state, &setting.daemon, &setting.vmm);
}

static void guest_boots(void)
{
	vmm_start(&setting.vmm, "ci.sock");
	assert_int_equal(gpio_set_direction(&setting.vmm, LAMP, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&setting.vmm, BUTTON, GPIO_IN), GPIO_OK);
	gpio_arm(&setting.vmm, BUTTON, GPIO_IRQ_BOTH);
}

/* The guest's program, until the run is over. */
static void guest_lives(const struct run *run)
{
	struct ring *events = &setting.vmm.rings[VMM_EVENTQ];
	struct ring_used used;

	while (!run_has_ended(run)) {
		if (!ring_reap(events, &used)) {
			if (wait_readable(events->call_fd, 2))
				ring_calls(events);
			continue;
		}
		gpio_unmask(&setting.vmm, BUTTON);
		gpio_set_value(&setting.vmm, LAMP, !setting.is_broken && gpio_get_value(&setting.vmm, BUTTON) == 1);
	}
}

static void run_ends(struct run *run, int status)
{
	int ended = run_wait(run);

	if (ended != status)
		print_error("%s%s", run_out(run), run_err(run));
	assert_int_equal(ended, status);
}

/* Runs the scenario as the file "s", with these words before it, to its end. */
static void scenario(struct run *run, const char *words, const char *text, int status)
{
	char all[128];

	file_write("s", text);
	snprintf(all, sizeof(all), "run s %s", words);
	run_start(run, "ctl", "VGPIOCTL", all);
	if (setting.vmm.connection.fd >= 0)
		guest_lives(run);
	run_ends(run, status);
}

static void check_begins(const char *text, const char *expected)
{
	if (strncmp(text, expected, strlen(expected)) != 0)
		assert_string_equal(text, expected);
}

static void passes(const char *text)
{
	struct run run;

	scenario(&run, "", text, 0);
	check_begins(run_out(&run), "s: passed, ");
	assert_string_equal(run_err(&run), "");
}

static void fails(const char *text, const char *expected)
{
	struct run run;

	scenario(&run, "", text, 1);
	check_begins(run_out(&run), expected);
	assert_string_equal(run_err(&run), "");
}

static void a_button_and_a_lamp(void **state)
{
	guest_boots();
	passes("on ready\n"
	       "expect guest0.button input within 20s\n"
	       "order: guest0.button before guest0.led\n"
	       "press guest0.button hold 50ms bounce 5ms,7\n"
	       "expect guest0.led rising within 20s\n"
	       "expect guest0.led=0 for 30ms within 20s\n"
	       "repeat 20 { toggle guest0.button; expect guest0.led changes within 20s }\n"
	       "set guest0.button=1; expect guest0.led=1 within 20s\n"
	       "pull guest0.button=pull-down; expect guest0.led=0 within 20s\n");
}

/* What must be seen of a guest's program that is broken: red, and why. */
static void a_lamp_that_is_broken(void **state)
{
	guest_boots();
	setting.is_broken = true;
	fails("on ready\nset guest0.button=1\n  expect guest0.led rising within 20ms # or not\n",
	      "s:3: failed\n"
	      "expected: expect guest0.led rising within 20ms\n"
	      "came:     nothing: guest0.led stayed 0\n"
	      "again:    --seed 1\n"
	      "the last 1 edge, in seconds from the beginning:\n"
	      "    0.");
}

static void a_guest_that_comes_late(void **state)
{
	struct run run;

	fails("on ready within 10ms\ntoggle guest0.2", "s:1: failed\nexpected: on ready within 10ms\n"
						       "came:     the driver of guest0 is not up\n");
	file_write("s",
		   "toggle guest0.2\non ready within 20s\nexpect guest0.led output within 20s\nat 1ms set guest0.2=0");
	run_start(&run, "run", "VGPIOCTL", "run s");
	ctl_check("wait guest0.2=1", 0, "", "");
	guest_boots();
	run_ends(&run, 0);
}

/*
 * Who is ready is asked of all guests, of which one takes its time. What was told meanwhile is newer than that answer, also
 * for a tool that reads both at once.
 */
static void an_answer_that_comes_late(void **state)
{
	pid_t other = child_named(&setting.daemon, "vgpio:guest1");
	struct run run;

	kill(other, SIGSTOP);
	file_write("s", "toggle guest0.2\non ready within 5s\n");
	run_start(&run, "run", "VGPIOCTL", "run s");
	ctl_check("wait guest0.2=1", 0, "", "");
	sleep_ms(20); /* it asks */
	kill(run.pid, SIGSTOP);
	guest_boots();
	kill(other, SIGCONT);
	ctl_check("get guest1.3", 0, "\"guest1.3\"=inactive\n", "");
	kill(run.pid, SIGCONT);
	run_ends(&run, 0);
}

static void rules(void **state)
{
	passes("never guest0.2=1 while guest0.3=0\nset guest0.3=1 guest0.2=1\nset guest0.2=0 guest0.3=0\norder: "
	       "guest0.4 before guest0.5 rising\n"
	       "toggle guest0.4; toggle guest0.5 guest0.4");
	fails("never guest0.2=1 while guest0.3=0\nset guest0.3=1 guest0.2=1\nafter 1ms\nset guest0.3=0\nafter 1ms\nset "
	      "guest0.2=0",
	      "s:1: failed\nexpected: never guest0.2=1 while guest0.3=0\ncame:     it was so at 0.");
	fails("order: guest0.6 before guest0.7 rising\ntoggle guest0.7\nafter 5ms toggle guest0.6\n",
	      "s:1: failed\nexpected: order: guest0.6 before guest0.7 rising\ncame:     guest0.7 rising at 0.");
	/* It is in force from its place on, each time anew. */
	passes("set guest0.2=1 guest0.3=0\nset guest0.2=0\nnever guest0.2=1\nrepeat 3 { order: guest0.4 before "
	       "guest0.5; toggle guest0.4 guest0.5 }");
}

/* Each tells of its lines in its own order; what is judged is the order of the stamps. */
static void two_guests(void **state)
{
	passes("order: guest0.2 before guest1.3 before guest0.4\nnever guest1.2=1 while guest0.3=1\n"
	       "toggle guest0.2 guest1.3 guest0.4\nexpect guest1.3=1 for 5ms within 1s\n"
	       "repeat 50 { set guest0.3=1; set guest0.3=0; set guest1.2=1; set guest1.2=0 }\n"
	       "expect guest1.2=0 for 1ms");
	fails("order: guest0.5 before guest1.0\nrepeat 20 { toggle guest0.6 }\ntoggle guest1.0 guest0.5\nafter 5ms",
	      "s:1: failed\nexpected: order: guest0.5 before guest1.0\ncame:     guest1.dummy0 changes at 0.");
}

static void windows(void **state)
{
	passes("set guest0.2=1\nexpect guest0.2=1 for 10ms\nexpect guest0.5=0 within 1ms\n"
	       "set guest0.2=0");
	fails("set guest0.2=1\nexpect guest0.2=0 within 1ms\n",
	      "s:2: failed\nexpected: expect guest0.2=0 within 1ms\ncame:     1 edge, the last one after 0.000 ms: "
	      "guest0.2 is 1\n");
	fails("pulse guest0.3 10ms\nexpect guest0.3=1 for 500ms\n",
	      "s:2: failed\nexpected: expect guest0.3=1 for 500ms\n");
	fails("expect guest0.4 changes within 5ms\n", "s:1: failed\nexpected: expect guest0.4 changes within 5ms\n"
						      "came:     nothing: guest0.4 stayed 0\nagain:    --seed 1\n");
	fails("expect guest0.4 input within 5ms\n",
	      "s:1: failed\nexpected: expect guest0.4 input within 5ms\ncame:     guest0.4 is unused\n");
}

static void pulses(void **state)
{
	passes("every 5ms pulse guest0.2 1ms\nexpect pulses guest0.2 20 ± 20 within 100ms\nexpect pulses guest0.3 0 "
	       "within 5ms\n");
	fails("expect pulses guest0.3 10 ± 1 at 50Hz ± 5%\n",
	      "s:1: failed\nexpected: expect pulses guest0.3 10 ± 1 at 50Hz ± 5%\ncame:     0 pulses\n");
	fails("blink guest0.3 200Hz\nexpect pulses guest0.3 1 within 20s",
	      "s:2: failed\nexpected: expect pulses guest0.3 1 within "
	      "20s\ncame:     2 pulses at ");
}

/* The tool is late, the daemon's stamps are what counts: once the second edge was in time, once it was not. */
static void a_tool_that_is_late(void **state)
{
	for (int late = 0; late < 2; late++) {
		struct run run;

		ctl_check("set guest0.2=0 guest0.4=0 guest0.5=0", 0, "", "");
		file_write("s",
			   "toggle guest0.2\nexpect guest0.4 rising within 20s\nexpect guest0.5 rising within 50ms\n");
		run_start(&run, "run", "VGPIOCTL", "run s");
		ctl_check("wait guest0.2=1", 0, "", "");
		kill(run.pid, SIGSTOP);
		if (late) {
			ctl_check("set guest0.4=1", 0, "", "");
			sleep_ms(60);
			ctl_check("set guest0.5=1", 0, "", "");
		} else {
			ctl_check("set guest0.4=1 guest0.5=1", 0, "", "");
			sleep_ms(60);
		}
		kill(run.pid, SIGCONT);
		run_ends(&run, late);
	}
}

/* Among what was not told may be what it all depends on. */
static void changes_that_are_lost(void **state)
{
	struct run run;

	guest_boots();
	file_write("s", "toggle guest0.2\nexpect guest0.led=1 for 20s within 20s\n");
	run_start(&run, "run", "VGPIOCTL", "run s");
	ctl_check("wait guest0.2=1", 0, "", "");
	kill(run.pid, SIGSTOP);
	for (unsigned i = 1; i <= 6000; i++)
		assert_int_equal(gpio_set_value(&setting.vmm, LAMP, i % 2), GPIO_OK);
	kill(run.pid, SIGCONT);
	run_ends(&run, 1);
	assert_non_null(strstr(run_out(&run), " changes of guest0 were lost: there is no verdict\n"));
}

static void parameters(void **state)
{
	static const char text[] = "let line = guest0.2\nlet level=1\nset $line=$level\nexpect guest0.2=1 within 1ms\n";
	struct run run;

	passes(text);
	scenario(&run, "--set level=0", text, 1);
	scenario(&run, "--set level=0 --set line=guest0.3 --set other=1", text, 2);
	assert_string_equal(run_err(&run), "vgpioctl: --set: no file has a parameter \"other\"\n");
	scenario(&run, "--set level", text, 2);
	assert_string_equal(run_err(&run), "vgpioctl: --set: \"level\" is not NAME=VALUE\n");
}

static void for_machines(void **state)
{
	struct run run;

	file_write("good", "set guest0.2=1\n");
	file_write("b<d", "set guest0.2=0\nexpect guest0.2=1 within 1ms\n");
	ctl_check("run --tap good", 0, "1..1\nok 1 - good\n", "");
	run_start(&run, "ctl", "VGPIOCTL", "run good b<d --tap --junit x.xml --seed 5");
	run_ends(&run, 1);
	check_begins(run_out(&run),
		     "1..2\nok 1 - good\nnot ok 2 - b<d\n# b<d:2: failed\n# expected: expect guest0.2=1 within "
		     "1ms\n# came:     1 edge, the last one after 0.000 ms: guest0.2 is 0\n"
		     "# again:    --seed 5\n# the last ");
	check_begins(file_read("x.xml"), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
					 "<testsuite name=\"vgpioctl\" tests=\"2\" failures=\"1\">\n"
					 "  <testcase name=\"good\" time=\"0.");
	assert_non_null(strstr(file_read("x.xml"), "  <testcase name=\"b&lt;d\" time=\"0."));
	assert_non_null(
		strstr(file_read("x.xml"), "    <failure message=\"expect guest0.2=1 within 1ms\">b&lt;d:2: 1 edge"));
}

static void what_cannot_be_run(void **state)
{
	struct run run;

	ctl_check("run", 2, "", "vgpioctl: run needs FILE...: see \"vgpioctl run --help\"\n");
	ctl_check("run nope", 2, "", "vgpioctl: nope: No such file or directory\n");
	ctl_check("run .", 2, "", "vgpioctl: .: Is a directory\n");
	file_write("s", "\n# nothing\n");
	ctl_check("run s", 2, "", "vgpioctl: s: no step\n");
	file_write("s", "set guest0.2=1\nset guest0.2=7\n");
	ctl_check("run s", 2, "", "vgpioctl: s:2: \"7\": expected 0 or 1\n");
	ctl_check("get guest0.2", 0, "\"guest0.2\"=inactive\n", "");
	ctl_check("run s --seed x", 2, "", "vgpioctl: s:2: \"7\": expected 0 or 1\n");
	file_write("s", "set guest0.2=1\n\nexpect x=1 within 1ms\n");
	ctl_check("run s --seed 0", 2, "", "vgpioctl: --seed: \"0\" is not a number from 1 to 4294967295\n");
	ctl_check("run s --junit /nope/x", 2, "", "vgpioctl: --junit: /nope/x: No such file or directory\n");
	fails("set guest0.2=1\n\nexpect x=1 within 1ms\n", "s:3: failed\ncame:     no line \"x\"\nagain:");
	guest_boots();
	scenario(&run, "", "set guest0.2=1\nset guest0.led=1\n", 1);
	check_begins(run_out(&run),
		     "s:2: failed\nexpected: set guest0.led=1\ncame:     guest0.led is an output of the guest\n");
}

/* It stands still: neither this client nor another one is answered. */
static void the_daemon_may_hang(void **state)
{
	pid_t control = child_named(&setting.daemon, "vgpio:control");
	struct run run;

	file_write("s", "set guest0.2=1\nexpect guest0.3=1 within 100ms");
	run_start(&run, "run", "VGPIOCTL", "run s");
	ctl_check("wait guest0.2=1", 0, "", "");
	kill(control, SIGSTOP);
	run_ends(&run, 1);
	kill(control, SIGCONT);
	assert_non_null(strstr(run_out(&run), "\ncame:     the daemon does not answer\n"));
}

static void the_daemon_may_go(void **state)
{
	struct run run;

	file_write("s", "set guest0.2=1\nexpect guest0.3=1 within 20s");
	run_start(&run, "run", "VGPIOCTL", "run s");
	ctl_check("wait guest0.2=1", 0, "", "");
	daemon_down(&setting.daemon);
	run_ends(&run, 1);
	/* In whichever of the steps that was noticed. */
	assert_non_null(strstr(run_out(&run), "\ncame:     the daemon is gone\n"));
}

/* Nor may a file pass for more than one, or reach the terminal. */
static void a_file_with_an_odd_name(void **state)
{
	file_write("s\x1b[31m\rok", "expect guest0.2=1\twithin 10ms\n");
	ctl_check("run --tap s\x1b[31m\rok", 1,
		  "1..1\n"
		  "not ok 1 - s?[31m?ok\n"
		  "# s?[31m?ok:1: failed\n"
		  "# expected: expect guest0.2=1 within 10ms\n"
		  "# came:     nothing: guest0.2 stayed 0\n"
		  "# again:    --seed 1\n",
		  "");
	ctl_check("run s\x1b[31m\rok", 1,
		  "s?[31m?ok:1: failed\n"
		  "expected: expect guest0.2=1 within 10ms\n"
		  "came:     nothing: guest0.2 stayed 0\n"
		  "again:    --seed 1\n",
		  "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_button_and_a_lamp, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lamp_that_is_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(a_guest_that_comes_late, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_that_comes_late, setup, teardown),
		cmocka_unit_test_setup_teardown(rules, setup, teardown),
		cmocka_unit_test_setup_teardown(two_guests, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_that_are_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(windows, setup, teardown),
		cmocka_unit_test_setup_teardown(pulses, setup, teardown),
		cmocka_unit_test_setup_teardown(a_tool_that_is_late, setup, teardown),
		cmocka_unit_test_setup_teardown(parameters, setup, teardown),
		cmocka_unit_test_setup_teardown(for_machines, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_with_an_odd_name, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_run, setup, teardown),
		cmocka_unit_test_setup_teardown(the_daemon_may_hang, setup, teardown),
		cmocka_unit_test_setup_teardown(the_daemon_may_go, setup, teardown),
	};

	return cmocka_run_group_tests_name("cli run", tests, NULL, NULL);
}
