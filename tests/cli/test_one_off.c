/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* --one-off: each guest is served once; with the last one the program is over. */
#include "fixture.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "gpio.h"
#include "proc.h"
#include "vmm.h"
#include "wait.h"

static void check_over(struct run *daemon)
{
	assert_int_equal(run_wait(daemon), 0);
	assert_false(file_exists("gpio.sock"));
	assert_false(file_exists("gpio.sock0"));
	assert_false(file_exists("gpio.sock1"));
	assert_false(file_exists("ctl.sock"));
}

static void ends_with_the_guest(void **state)
{
	struct run daemon;
	struct vmm vmm;

	daemon_up(&daemon, "-1 -s gpio.sock -l s8 --control ctl.sock --log-level warning", 1, true);
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "gpio.sock");
	assert_int_equal(gpio_set_direction(&vmm, 1, GPIO_IN), GPIO_OK);
	vmm_deinit(&vmm);
	check_over(&daemon);
	assert_string_equal(run_said(&daemon), "");
}

static void ends_with_the_last_guest(void **state)
{
	struct run daemon;
	struct vmm first, second;

	daemon_up(&daemon, "--one-off -s gpio.sock -c 2 -l s8:s4 --log-level warning", 2, false);
	vmm_init(&first, 0);
	vmm_init(&second, 0);
	vmm_start(&second, "gpio.sock1");
	vmm_start(&first, "gpio.sock0");
	vmm_deinit(&first);
	child_wait_gone(&daemon, "vgpio:guest0");
	/* Nobody waits for a worker that does not come: the socket is gone with it. */
	proc_wait_quiet(daemon.pid);
	assert_int_equal(socket_connect("gpio.sock0"), -1);
	assert_false(file_exists("gpio.sock0"));
	assert_int_equal(gpio_set_direction(&second, 3, GPIO_IN), GPIO_OK);
	/* Started neither by the death of another nor by a signal. */
	kill(daemon.pid, SIGCHLD);
	child_replace(&daemon, "vgpio:guest1");
	assert_int_equal(gpio_get_direction(&second, 3), GPIO_IN);
	assert_int_equal(child_named(&daemon, "vgpio:guest0"), 0);
	vmm_deinit(&second);
	check_over(&daemon);
	assert_string_equal(run_said(&daemon), "error: guest1: process killed by signal 9 (Killed): restarting\n");
}

/* A guest that was served is still one for vgpioctl: it answers, and says what it cannot do. */
static void a_guest_that_is_over_keeps_nobody_waiting(void **state)
{
	struct run daemon, run;
	struct vmm vmm;
	uint64_t start;

	daemon_up(&daemon, "--one-off -s gpio.sock -c 2 -l s8:s4 --control ctl.sock --log-level warning", 2, true);
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "gpio.sock0");
	vmm_deinit(&vmm);
	child_wait_gone(&daemon, "vgpio:guest0");
	proc_wait_quiet(daemon.pid);
	start = clock_ms();
	assert_int_equal(ctl(&run, "get guest1.0"), 0);
	ctl(&run, "get guest0.0");
	assert_in_range(clock_ms() - start, 0, 3000);
	daemon_down(&daemon);
}

/* A guest that never came, and a guest that crashes the worker: neither is the end. */
static void waits_for_the_guest(void **state)
{
	struct run daemon;
	struct vmm vmm;

	daemon_up(&daemon, "--one-off -s gpio.sock -l s8 --log-level error", 1, false);
	child_replace(&daemon, "vgpio:guest0");
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "gpio.sock");
	child_replace(&daemon, "vgpio:guest0");
	assert_int_equal(gpio_set_direction(&vmm, 1, GPIO_IN), GPIO_OK);
	vmm_deinit(&vmm);
	check_over(&daemon);
}

/* A second daemon that was started by mistake looks whether somebody listens: that is no guest. */
static void a_look_is_no_guest(void **state)
{
	struct run daemon, second;
	struct vmm vmm;

	daemon_up(&daemon, "--one-off -s gpio.sock -l s8 --log-level error", 1, false);
	run_start(&second, "second", "VHOST_DEVICE_GPIO", "-s gpio.sock -l s8");
	assert_int_equal(run_wait(&second), 1);
	proc_wait_quiet(daemon.pid);
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "gpio.sock");
	assert_int_equal(gpio_set_direction(&vmm, 1, GPIO_IN), GPIO_OK);
	vmm_deinit(&vmm);
	check_over(&daemon);
}

static void sigterm_ends_it_as_ever(void **state)
{
	struct run daemon;

	daemon_up(&daemon, "--one-off -s gpio.sock -c 2 -l s8:s8", 2, false);
	daemon_down(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(ends_with_the_guest),
		PLAIN(ends_with_the_last_guest),
		PLAIN(a_guest_that_is_over_keeps_nobody_waiting),
		PLAIN(waits_for_the_guest),
		PLAIN(a_look_is_no_guest),
		PLAIN(sigterm_ends_it_as_ever),
	};

	return cmocka_run_group_tests_name("cli one-off", tests, NULL, NULL);
}
