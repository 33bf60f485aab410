/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vgpioctl as the board around a guest: press, pulse, blink and wait. */
#include "guest_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpio.h"
#include "vmm.h"

#define EDGES_MAX 64

static struct {
	struct run daemon, monitor;
	struct vmm vmm;
} setting;

static int setup(void **state)
{
	return guest_fixture_setup(state, &setting.daemon, &setting.vmm);
}

static int teardown(void **state)
{
	return guest_fixture_teardown(state, &setting.daemon, &setting.vmm);
}

static void monitor_begin(const char *words, const char *first)
{
	run_start(&setting.monitor, "monitor", "VGPIOCTL", words);
	run_wait_out(&setting.monitor, first);
}

/* The edges that the monitor has seen since, with their stamps; a last one of line dummy7 says that they are all. */
static unsigned monitor_end(const char *edges[EDGES_MAX], uint64_t *times)
{
	unsigned n = 0;
	char *text;

	ctl_check("set guest0.7=1", 0, "", "");
	run_wait_out(&setting.monitor, "\trising\tguest0 7 ");
	run_stop(&setting.monitor);
	text = strdup(run_out(&setting.monitor));
	for (char *line = strtok(text, "\n"); line && n < EDGES_MAX; line = strtok(NULL, "\n")) {
		unsigned long long seconds, ns;

		if (sscanf(line, "%llu.%llu", &seconds, &ns) != 2 || strstr(line, "dummy7") || strstr(line, "active"))
			continue;
		times[n] = seconds * 1000000000u + ns;
		edges[n++] = strstr(line, "rising") ? "rising" : "falling";
	}
	free(text);
	return n;
}

/* They alternate from this one on, to the other one. Returns how many. */
static unsigned check_alternate(const char *first, uint64_t *times)
{
	const char *edges[EDGES_MAX];
	unsigned n = monitor_end(edges, times);

	assert_int_equal(n % 2, 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(strcmp(edges[i], first) == 0, i % 2 == 0);
	return n;
}

static void a_button_is_pressed(void **state)
{
	uint64_t times[EDGES_MAX];

	monitor_begin("monitor guest0.2 guest0.7", "dummy7");
	ctl_check("press guest0.2 --hold 30ms", 0, "", "");
	assert_int_equal(check_alternate("rising", times), 2);
	assert_true(times[1] - times[0] >= 30000000);
	ctl_check("get guest0.2", 0, "\"guest0.2\"=inactive\n", "");
}

/* A button at a line that is pulled up; when it is let go the pull is what is left, and the guest may drive. */
static void a_button_to_ground(void **state)
{
	uint64_t times[EDGES_MAX];

	ctl_check("pull guest0.2=pull-up", 0, "", "");
	monitor_begin("monitor guest0.2 guest0.7", "dummy7");
	ctl_check("press dummy2 guest0.2", 1, "", "vgpioctl: \"dummy2\" is ambiguous: guest0.dummy2, guest1.dummy2\n");
	ctl_check("press guest0.2 --hold 1ms", 0, "", "");
	assert_int_equal(check_alternate("falling", times), 2);
	ctl_check("get guest0.2", 0, "\"guest0.2\"=active\n", "");
}

static void a_button_that_bounces(void **state)
{
	uint64_t times[EDGES_MAX];
	unsigned n;

	monitor_begin("monitor guest0.2 guest0.7", "dummy7");
	ctl_check("press guest0.2 --hold 30ms --bounce 5ms,7", 0, "", "");
	n = check_alternate("rising", times);
	/* What this seed gives. */
	assert_int_equal(n, 14);
	assert_true(times[n - 1] - times[0] >= 30000000);
	ctl_check("get guest0.2", 0, "\"guest0.2\"=inactive\n", "");
}

static void pulses_and_blinking(void **state)
{
	uint64_t times[EDGES_MAX];
	unsigned n;

	monitor_begin("monitor guest0.2 guest0.7", "dummy7");
	ctl_check("pulse guest0.2 10ms", 0, "", "");
	ctl_check("blink guest0.2 --hz 100 --count 5", 0, "", "");
	ctl_check("blink guest0.2 --hz=0.1kHz --count 1", 0, "", "");
	n = check_alternate("rising", times);
	assert_int_equal(n, 2 + 10 + 2);
	assert_true(times[1] - times[0] >= 10000000);
	assert_true(times[11] - times[2] >= 45000000);
}

static void what_cannot_be_driven(void **state)
{
	assert_int_equal(gpio_set_value(&setting.vmm, 1, 0), GPIO_OK);
	assert_int_equal(gpio_set_direction(&setting.vmm, 1, GPIO_OUT), GPIO_OK);
	ctl_check("press guest0.1", 1, "", "vgpioctl: guest0.dummy1 is an output of the guest\n");
	ctl_check("press", 2, "", "vgpioctl: press needs L...: see \"vgpioctl press --help\"\n");
	ctl_check("pulse guest0.1", 2, "", "vgpioctl: pulse needs L TIME\n");
	ctl_check("pulse guest0.1 5", 2, "", "vgpioctl: pulse: \"5\": expected a time (80ms, 1.5s, 200us)\n");
	ctl_check("blink guest0.1", 2, "", "vgpioctl: blink needs --hz\n");
	ctl_check("blink guest0.1 --hz 5ms", 2, "", "vgpioctl: blink: \"5ms\": expected a rate (50Hz, 1.2kHz)\n");
	ctl_check("press guest0.1 --bounce 80ms", 2, "", "vgpioctl: press: \"80ms\": too short\n");
	ctl_check("press guest0.1 --hold", 2, "", "vgpioctl: --hold needs a value\n");
}

static void waits_for_what_is_there(void **state)
{
	ctl_check("wait guest0.2=0", 0, "", "");
	ctl_check("wait guest0.2 =0 guest1.3=inactive --timeout 1ms", 0, "", "");
	ctl_check("wait guest0.2=0 --stable 5ms", 0, "", "");
	ctl_check("wait guest0.2=1 guest0.3=0 --any", 0, "guest0.dummy3\n", "");
}

static void waits_for_what_comes(void **state)
{
	struct run run;

	run_start(&run, "wait", "VGPIOCTL", "wait guest0.2 rising guest0.1 output guest0.3=1");
	for (int i = 0; i < 3; i++)
		ctl_check("pulse guest0.3 1ms", 0, "", "");
	assert_int_equal(gpio_set_direction(&setting.vmm, 1, GPIO_OUT), GPIO_OK);
	/* It may not have begun yet. */
	for (int i = 0; i < 5000 && !run_has_ended(&run); i++) {
		ctl_check("pulse guest0.3 1ms", 0, "", "");
		ctl_check("pulse guest0.2 1ms", 0, "", "");
	}
	assert_int_equal(run_wait(&run), 0);
	assert_string_equal(run_out(&run), "");
}

static void waits_in_vain(void **state)
{
	ctl_check("wait guest0.2 rising --timeout 5ms", 1, "",
		  "vgpioctl: wait: the time is over: no guest0.dummy2 rising; the line is inactive\n");
	ctl_check("wait guest0.2=0 guest0.3=1 --all --timeout 5ms", 1, "",
		  "vgpioctl: wait: the time is over: no guest0.dummy3=1; the line is inactive\n");
	ctl_check("wait guest0.2=1 guest0.3=1 --any --timeout 5ms", 1, "",
		  "vgpioctl: wait: the time is over: no guest0.dummy2=1; the line is inactive\n");
	ctl_check("wait x=1", 1, "", "vgpioctl: no line \"x\"\n");
}

static void what_cannot_be_waited_for(void **state)
{
	ctl_check("wait", 2, "", "vgpioctl: wait needs L=0|1|L EVENT...: see \"vgpioctl wait --help\"\n");
	ctl_check("wait guest0.2", 2, "",
		  "vgpioctl: wait: behind \"guest0.2\": expected =0, =1, rising, falling, changes, input or output\n");
	ctl_check("wait guest0.2=2", 2, "", "vgpioctl: wait: \"2\": expected 0 or 1\n");
	ctl_check("wait guest0.2=1 --timeout 5", 2, "",
		  "vgpioctl: --timeout: \"5\" is not a time (80ms, 1.5s, 200us)\n");
	ctl_check("wait guest0.2 rising --stable 5ms", 2, "",
		  "vgpioctl: wait: \"rising\": an edge cannot be --stable\n");
	ctl_check("wait guest0.2=1 --any --all", 2, "", "vgpioctl: --any and --all exclude each other\n");
}

static void outside(int fd, const char *request)
{
	socket_say(fd, request);
	assert_non_null(strstr(socket_hear(fd), "\"ok\":true"));
}

/* The answer to a set: whatever the guest reads later is of after it. */
static void the_guest_reads_what_was_answered(void **state)
{
	int fd = socket_connect("ctl.sock");

	assert_int_equal(gpio_set_direction(&setting.vmm, 2, GPIO_IN), GPIO_OK);
	for (int i = 1; i <= 500; i++) {
		outside(fd, i % 2 ? "{\"cmd\":\"set\",\"lines\":{\"guest0.2\":1}}"
				  : "{\"cmd\":\"set\",\"lines\":{\"guest0.2\":0}}");
		assert_int_equal(gpio_get_value(&setting.vmm, 2), i % 2);
	}
	close(fd);
}

static void check_armed(int fd, bool armed)
{
	socket_say(fd, "{\"cmd\":\"info\",\"lines\":[\"guest0.2\"]}");
	assert_non_null(strstr(socket_hear(fd), armed ? "\"armed\":true" : "\"armed\":false"));
}

/* Its driver has dealt with an interrupt when it waits for the next one. */
static void a_guest_that_deals_with_an_interrupt_shows(void **state)
{
	int fd = socket_connect("ctl.sock");

	assert_int_equal(gpio_set_direction(&setting.vmm, 2, GPIO_IN), GPIO_OK);
	check_armed(fd, false);
	gpio_arm(&setting.vmm, 2, GPIO_IRQ_BOTH);
	check_armed(fd, true);
	outside(fd, "{\"cmd\":\"set\",\"lines\":{\"guest0.2\":1}}");
	check_armed(fd, false);
	assert_int_equal(gpio_event_wait(&setting.vmm).status, GPIO_EVENT_VALID);
	check_armed(fd, false);
	/* Meanwhile there was another edge. */
	outside(fd, "{\"cmd\":\"set\",\"lines\":{\"guest0.2\":0}}");
	gpio_unmask(&setting.vmm, 2);
	assert_int_equal(gpio_event_wait(&setting.vmm).status, GPIO_EVENT_VALID);
	check_armed(fd, false);
	gpio_unmask(&setting.vmm, 2);
	check_armed(fd, true);
	close(fd);
}

/* The daemon goes while somebody waits. */
static void the_daemon_may_go(void **state)
{
	struct run run;

	run_start(&run, "wait", "VGPIOCTL", "wait guest0.2 rising guest0.3=0");
	vmm_disconnect(&setting.vmm);
	ctl_check("wait guest0.3=0 --stable 100ms", 0, "", "");
	daemon_down(&setting.daemon);
	assert_int_equal(run_wait(&run), 1);
	assert_true(strncmp(run_err(&run), "vgpioctl: ctl.sock: ", 20) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_button_is_pressed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_button_to_ground, setup, teardown),
		cmocka_unit_test_setup_teardown(a_button_that_bounces, setup, teardown),
		cmocka_unit_test_setup_teardown(pulses_and_blinking, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_driven, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_for_what_is_there, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_for_what_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_in_vain, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(the_guest_reads_what_was_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(a_guest_that_deals_with_an_interrupt_shows, setup, teardown),
		cmocka_unit_test_setup_teardown(the_daemon_may_go, setup, teardown),
	};

	return cmocka_run_group_tests_name("cli bench", tests, NULL, NULL);
}
