/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The bench on a real chip: what only looks works there, what drives says that it does not. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "gpio.h"
#include "gpio_sim.h"
#include "vmm.h"

#define BUTTON	2
#define LAMP	3
#define REFUSED "vgpioctl: guest0.dummy2 is a real line: read and watch only\n"

static struct {
	struct run daemon;
	struct gpio_sim chip;
	struct vmm vmm;
} setting;

static void on_failure(const char *text)
{
	fail_msg("%s", text);
}

/* A guest with a button, whose interrupt is on, and a lamp. */
static int setup(void **state)
{
	char words[128];

	failure_set_handler(on_failure);
	if (fixture_setup(state) < 0)
		return -1;
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	gpio_sim_make_dummy(&setting.chip, 8);
	gpio_sim_pull(&setting.chip, BUTTON, false);
	snprintf(words, sizeof(words), "--guest socket=gpio.sock,lines=@%s --control ctl.sock", setting.chip.path);
	daemon_up(&setting.daemon, words, 1, true);
	vmm_init(&setting.vmm, 0);
	vmm_start(&setting.vmm, "gpio.sock");
	assert_int_equal(gpio_set_direction(&setting.vmm, BUTTON, GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_direction(&setting.vmm, LAMP, GPIO_OUT), GPIO_OK);
	gpio_arm(&setting.vmm, BUTTON, GPIO_IRQ_BOTH);
	return 0;
}

static int teardown(void **state)
{
	vmm_deinit(&setting.vmm);
	if (setting.daemon.pid)
		daemon_down(&setting.daemon);
	gpio_sim_remove(&setting.chip);
	return fixture_teardown(state);
}

static void button_press(void)
{
	gpio_sim_drive(&setting.chip, BUTTON, true);
	gpio_event_wait(&setting.vmm);
	gpio_unmask(&setting.vmm, BUTTON);
	gpio_sim_drive(&setting.chip, BUTTON, false);
	gpio_event_wait(&setting.vmm);
	gpio_unmask(&setting.vmm, BUTTON);
}

static bool has_begun(void *ctx)
{
	return strstr(file_read("x.vcd"), "$end\n#0\n");
}

/* In this order, with whatever between them. */
static void file_has(const char *const *texts, size_t n)
{
	const char *at = file_read("x.vcd");

	for (size_t i = 0; i < n; i++) {
		at = strstr(at, texts[i]);
		if (!at)
			fail_msg("no \"%s\" in %s", texts[i], file_read("x.vcd"));
	}
}

static void is_recorded(void **state)
{
	static const char *const want[] = { "dummy2 $end\n", "dummy3 $end\n", "\n0!\n0\"\n$end\n",
					    "\n1!\n",	     "\n0!\n",	      "\n1\"\n" };
	struct run record;

	run_start(&record, "record", "VGPIOCTL", "record -o x.vcd guest0.2 guest0.3 --limit 1min");
	assert_true(wait_for(has_begun, NULL, FIXTURE_MS));
	button_press();
	gpio_set_value(&setting.vmm, LAMP, 1);
	assert_int_equal(run_stop(&record), 0);
	assert_string_equal(run_err(&record), "");
	file_has(want, sizeof(want) / sizeof(want[0]));
}

static void is_waited_for(void **state)
{
	struct run run;

	ctl_check("wait guest0.2=0 guest0.3 output", 0, "", "");
	run_start(&run, "wait", "VGPIOCTL", "wait guest0.2 rising guest0.2=0 guest0.3=1 --timeout 20s");
	gpio_set_value(&setting.vmm, LAMP, 1);
	while (!run_has_ended(&run))
		button_press();
	assert_int_equal(run_wait(&run), 0);
	run_start(&run, "monitor", "VGPIOCTL", "monitor guest0.2");
	run_wait_out(&run, "inactive");
	button_press();
	run_wait_out(&run, "rising");
	run_stop(&run);
}

static void is_expected(void **state)
{
	struct run run;

	file_write("s", "on ready\nexpect guest0.3=1 within 20s\nexpect guest0.2 rising within 20s\n"
			"expect guest0.2=0 for 1ms within 20s\n");
	run_start(&run, "run", "VGPIOCTL", "run s");
	gpio_set_value(&setting.vmm, LAMP, 1);
	while (!run_has_ended(&run))
		button_press();
	if (run_wait(&run) != 0)
		fail_msg("%s", run_out(&run));
}

static void is_not_driven(void **state)
{
	struct run run;

	file_write("p.vcd", "$var wire 1 ! a $end $enddefinitions $end #0 1!\n");
	ctl_check("press guest0.2", 1, "", REFUSED);
	ctl_check("pulse guest0.2 1ms", 1, "", REFUSED);
	ctl_check("blink guest0.2 --hz 10 --count 1", 1, "", REFUSED);
	ctl_check("play p.vcd --map a=guest0.2", 1, "", REFUSED);
	file_write("s", "\npress guest0.2\n");
	assert_int_equal(ctl(&run, "run s"), 1);
	assert_non_null(strstr(run_out(&run), "guest0.dummy2 is a real line: read and watch only"));
	assert_false(gpio_sim_level(&setting.chip, BUTTON));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(is_expected, setup, teardown),
		cmocka_unit_test_setup_teardown(is_not_driven, setup, teardown),
	};

	return cmocka_run_group_tests_name("cdev bench", tests, NULL, NULL);
}
