/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the outside sees of a guest that uses its lines, over control socket and vgpioctl. */
#include "guest_fixture.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpio.h"
#include "vmm.h"

#define FLOOD 3000

struct setting {
	struct run daemon;
	struct vmm vmm;
};

static struct setting setting;

static int setup(void **state)
{
	return guest_fixture_setup(state, &setting.daemon, &setting.vmm);
}

static int teardown(void **state)
{
	return guest_fixture_teardown(state, &setting.daemon, &setting.vmm);
}

static void guest_drives(uint16_t line, uint32_t level)
{
	assert_int_equal(gpio_set_value(&setting.vmm, line, level), GPIO_OK);
	assert_int_equal(gpio_set_direction(&setting.vmm, line, GPIO_OUT), GPIO_OK);
}

static void its_lines_are_told_about(void **state)
{
	struct run run;
	json_t *reply;

	guest_drives(1, 1);
	assert_int_equal(gpio_set_direction(&setting.vmm, 2, GPIO_IN), GPIO_OK);
	gpio_arm(&setting.vmm, 2, 3);
	ctl_check("info guest0.0 guest0.1 guest0.2", 0,
		  "guest0 0\t\"dummy0\"        \tnone inactive\n"
		  "guest0 1\t\"dummy1\"        \toutput active\n"
		  "guest0 2\t\"dummy2\"        \tinput inactive irq=edge-both\n",
		  "");
	assert_int_equal(ctl(&run, "--json info"), 0);
	reply = json_loads(run_out(&run), 0, NULL);
	assert_true(json_is_true(json_object_get(json_array_get(json_object_get(reply, "guests"), 0), "connected")));
	assert_true(json_is_false(json_object_get(json_array_get(json_object_get(reply, "guests"), 1), "connected")));
	json_decref(reply);
}

static void its_outputs_are_its_own(void **state)
{
	guest_drives(1, 1);
	ctl_check("set guest0.1=0", 1, "", "vgpioctl: guest0.dummy1 is an output of the guest\n");
	ctl_check("toggle guest0.dummy1", 1, "", "vgpioctl: guest0.dummy1 is an output of the guest\n");
	ctl_check("get guest0.1", 0, "\"guest0.1\"=active\n", "");
	/* Whoever lets go of a line does nothing to it. */
	ctl_check("pull guest0.1=pull-down", 0, "", "");
	ctl_check("get guest0.1", 0, "\"guest0.1\"=active\n", "");
}

static void it_reads_what_the_outside_drives(void **state)
{
	assert_int_equal(gpio_set_direction(&setting.vmm, 3, GPIO_IN), GPIO_OK);
	ctl_check("set guest0.3=1", 0, "", "");
	assert_int_equal(gpio_get_value(&setting.vmm, 3), 1);
	ctl_check("toggle guest0.3", 0, "", "");
	assert_int_equal(gpio_get_value(&setting.vmm, 3), 0);
	ctl_check("pull guest0.3=pull-up", 0, "", "");
	assert_int_equal(gpio_get_value(&setting.vmm, 3), 1);
}

static void monitor_open(struct run *run, const char *words, const char *first)
{
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	run_start(run, "monitor", "VGPIOCTL", words);
	run_wait_out(run, first);
}

static void its_outputs_are_monitored(void **state)
{
	struct run run;

	guest_drives(1, 0);
	monitor_open(&run, "monitor guest0.1", "\tinactive\tguest0 1 ");
	guest_drives(1, 1);
	run_wait_out(&run, "\trising\tguest0 1 \"dummy1\"\n");
	guest_drives(1, 0);
	run_wait_out(&run, "\tfalling\tguest0 1 \"dummy1\"\n");
	run_stop(&run);
}

/* A change of direction alone is no edge; it is told, in JSON. */
static void check_guest_event(int fd, const char *flags)
{
	const char *event = socket_hear(fd);

	assert_non_null(strstr(event, "{\"event\":\"guest\",\"time_ns\":"));
	assert_non_null(strstr(event, flags));
}

/* When its driver is up, and when that is over. */
static void it_is_seen_to_come_and_go(void **state)
{
	static const char ready[] = "\"guest\":\"guest0\",\"connected\":true,\"ready\":true";
	int fd = socket_connect("ctl.sock");

	socket_exchange(fd, "{\"cmd\":\"monitor\",\"lines\":[\"guest0.0\"]}", "{\"ok\":true}");
	assert_non_null(strstr(socket_hear(fd), "\"state\""));
	vmm_stop(&setting.vmm);
	check_guest_event(fd, "\"guest\":\"guest0\",\"connected\":true,\"ready\":false");
	vmm_resume(&setting.vmm);
	check_guest_event(fd, ready);
	/* Another worker in the place of its own: it goes on. */
	child_replace(&setting.daemon, "vgpio:guest0");
	socket_say(fd, "{\"cmd\":\"info\",\"from\":\"guest0.0\"}");
	assert_non_null(strstr(socket_hear(fd), "\"connected\":true,\"ready\":true}"));
	vmm_disconnect(&setting.vmm);
	check_guest_event(fd, "\"connected\":true,\"ready\":false");
	check_guest_event(fd, "\"connected\":false,\"ready\":false");
	close(fd);
}

static void directions_are_monitored(void **state)
{
	struct run run;

	monitor_open(&run, "--json monitor guest0.1", "\"direction\":\"none\"");
	guest_drives(1, 0);
	run_wait_out(&run, "\"edge\":null,\"line\":\"guest0.dummy1\",\"guest\":\"guest0\",\"offset\":1,"
			   "\"name\":\"dummy1\",\"direction\":\"output\",\"level\":0");
	run_stop(&run);
}

static void a_session_goes_on_with_the_next_worker(void **state)
{
	struct run run;

	guest_drives(1, 0);
	monitor_open(&run, "monitor guest0.1", "\tinactive\tguest0 1 ");
	child_replace(&setting.daemon, "vgpio:guest0");
	guest_drives(1, 1);
	run_wait_out(&run, "\trising\tguest0 1 \"dummy1\"\n");
	ctl_check("get guest0.1", 0, "\"guest0.1\"=active\n", "");
	run_stop(&run);
}

/*
 * The guest changes a line while nobody takes its events: the guest is not held up, the worker keeps nothing, and the
 * monitor, once it is back, learns how much it has missed, and the true state.
 */
static void a_flood_holds_nobody_up(void **state)
{
	pid_t control = child_wait(&setting.daemon, "vgpio:control", 0);
	struct run run;

	guest_drives(1, 0);
	guest_drives(2, 0);
	monitor_open(&run, "monitor guest0.1 guest0.2", "\tinactive\tguest0 2 ");
	kill(control, SIGSTOP);
	for (unsigned i = 0; i < FLOOD; i++)
		assert_int_equal(gpio_set_value(&setting.vmm, 1, i % 2), GPIO_OK);
	assert_int_equal(gpio_set_value(&setting.vmm, 2, 1), GPIO_OK);
	kill(control, SIGCONT);
	run_wait_err(&run, " changes were lost\n");
	run_wait_out(&run, "\trising\tguest0 2 \"dummy2\"\n");
	run_stop(&run);
}

/* Nothing is looked up by its path after the start: the directory of all sockets may go away. */
static void paths_are_not_looked_up_again(void **state)
{
	struct run daemon;
	int fd;

	daemon_down(&setting.daemon);
	vmm_disconnect(&setting.vmm);
	assert_int_equal(mkdir("run", 0700), 0);
	daemon_up(&daemon, "-s run/gpio -l s8 --control run/ctl", 1, true);
	assert_int_equal(rename("run", "moved"), 0);
	child_replace(&daemon, "vgpio:guest0");
	child_replace(&daemon, "vgpio:control");
	vmm_start(&setting.vmm, "moved/gpio0");
	guest_drives(1, 1);
	fd = socket_connect("moved/ctl");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"1\"]}", "{\"ok\":true,\"lines\":{\"1\":1}}");
	close(fd);
	assert_int_equal(run_stop(&daemon), 0);
	assert_int_equal(unlink("moved/gpio0") | unlink("moved/gpio") | unlink("moved/ctl") | rmdir("moved"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_lines_are_told_about, setup, teardown),
		cmocka_unit_test_setup_teardown(its_outputs_are_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(it_reads_what_the_outside_drives, setup, teardown),
		cmocka_unit_test_setup_teardown(its_outputs_are_monitored, setup, teardown),
		cmocka_unit_test_setup_teardown(it_is_seen_to_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(directions_are_monitored, setup, teardown),
		cmocka_unit_test_setup_teardown(a_session_goes_on_with_the_next_worker, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_holds_nobody_up, setup, teardown),
		ROW_TEST_FIXTURE("B-11", paths_are_not_looked_up_again, setup, teardown),
	};

	return cmocka_run_group_tests_name("cli guest", tests, NULL, NULL);
}
