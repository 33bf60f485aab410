/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vgpioctl record: what a guest does, and what is done to it, as a waveform. */
#include "guest_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "gpio.h"
#include "proc.h"
#include "vmm.h"

#define CHANGES 3000

static struct {
	struct run daemon, record;
	struct vmm vmm;
	unsigned n_checked; /* files */
} setting;

static int setup(void **state)
{
	if (guest_fixture_setup(state, &setting.daemon, &setting.vmm) < 0)
		return -1;
	assert_int_equal(gpio_set_direction(&setting.vmm, 1, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&setting.vmm, 2, GPIO_IN), GPIO_OK);
	return 0;
}

/* To GTKWave the file is what it is to us. */
static void check_for_others(void)
{
	char command[512];
	int status;

	snprintf(command, sizeof(command), "'%s' x.vcd >wave-check.out 2>&1", getenv("WAVE_CHECK"));
	status = system(command);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		return;
	if (status != 0)
		fail_msg("%s", file_read("wave-check.out"));
	setting.n_checked++;
}

static int teardown(void **state)
{
	if (file_exists("x.vcd"))
		check_for_others();
	return guest_fixture_teardown(state, &setting.daemon, &setting.vmm);
}

static bool file_has(void *ctx)
{
	const char *const *text = ctx;

	return strstr(file_read("x.vcd"), *text);
}

static void file_wait(const char *text)
{
	assert_true(wait_for(file_has, &text, FIXTURE_MS));
}

static void record_begin(const char *words)
{
	/* Not the last one. */
	remove("x.vcd");
	run_start(&setting.record, "record", "VGPIOCTL", words);
	file_wait("$end\n#0\n");
}

/* How many lines of the file are this one. */
static unsigned count(const char *line)
{
	const char *at = file_read("x.vcd");
	unsigned n = 0;

	while ((at = strstr(at, line))) {
		at += strlen(line);
		n++;
	}
	return n;
}

static void lines_of_two_guests(void **state)
{
	record_begin("record -o x.vcd guest0.2 guest1.3 guest0.1");
	file_wait("$scope module guest0 $end\n$var wire 1 ! dummy2 $end\n$var wire 1 # dummy1 $end\n"
		  "$upscope $end\n$scope module guest1 $end\n$var wire 1 \" dummy3 $end\n$upscope $end\n"
		  "$enddefinitions $end\n#0\n$dumpvars\n0!\nz\"\n0#\n$end\n");
	ctl_check("set guest0.2=1", 0, "", "");
	/* It is told of while nothing else happens. */
	file_wait("\n1!\n");
	gpio_set_value(&setting.vmm, 1, 1);
	gpio_set_value(&setting.vmm, 1, 0);
	kill(setting.record.pid, SIGINT);
	assert_int_equal(run_wait(&setting.record), 0);
	assert_int_equal(count("\n1#\n"), 1);
	assert_int_equal(count("\n0#\n"), 2);
	assert_string_equal(run_err(&setting.record), "");
}

static void all_lines(void **state)
{
	record_begin("record --output=x.vcd");
	assert_int_equal(count("$var wire 1 "), 40);
	assert_int_equal(run_stop(&setting.record), 0);
	record_begin("record -o x.vcd guest1 guest0.*7");
	assert_int_equal(count("$scope module guest1 $end\n"), 1);
	assert_int_equal(count("$var wire 1 "), 33);
	assert_int_equal(run_stop(&setting.record), 0);
}

/* All that the guest did until then, or how much of it is missing; and whole lines when the recorder is killed. */
static void many_changes(void **state)
{
	unsigned changes, lost = 0;

	record_begin("record -o x.vcd guest0.1");
	for (unsigned i = 1; i <= CHANGES; i++)
		assert_int_equal(gpio_set_value(&setting.vmm, 1, i % 2), GPIO_OK);
	assert_int_equal(run_stop(&setting.record), 0);
	changes = count("\n1!\n") + count("\n0!\n") - 1;
	if (*run_err(&setting.record)) {
		assert_int_equal(sscanf(run_err(&setting.record), "vgpioctl: %u changes were lost\n", &lost), 1);
		assert_true(count("$comment guest0: ") > 0);
		assert_in_range(changes + lost, CHANGES - CHANGES / 100, CHANGES + CHANGES / 100);
	} else {
		assert_int_equal(changes, CHANGES);
	}
	record_begin("record -o x.vcd guest0.1");
	for (unsigned i = 1; i <= CHANGES; i++)
		assert_int_equal(gpio_set_value(&setting.vmm, 1, i % 2), GPIO_OK);
	kill(setting.record.pid, SIGKILL);
	assert_int_equal(run_wait(&setting.record), 128 + SIGKILL);
	assert_int_equal(file_read("x.vcd")[strlen(file_read("x.vcd")) - 1], '\n');
}

/* Names that are no words, and some that come out as one. */
static void odd_names(void **state)
{
	static const char *const names[] = { "d_0_0_", "d_0", "d_0_0", "a_0_", "_end" };

	daemon_down(&setting.daemon);
	daemon_up(&setting.daemon, "--guest socket=gpio.sock0,sim=8,names=d$0:d_0:d_0_0:a[0]:$end --control ctl.sock",
		  1, true);
	vmm_deinit(&setting.vmm);
	vmm_init(&setting.vmm, 0);
	vmm_start(&setting.vmm, "gpio.sock0");
	for (uint16_t line = 0; line < 5; line++)
		assert_int_equal(gpio_set_direction(&setting.vmm, line, GPIO_OUT), GPIO_OK);
	record_begin("record -o x.vcd");
	for (uint16_t i = 0; i < 10; i++)
		assert_int_equal(gpio_set_value(&setting.vmm, i % 5, i < 5), GPIO_OK);
	assert_int_equal(run_stop(&setting.record), 0);
	for (unsigned i = 0; i < 5; i++) {
		char text[64];

		snprintf(text, sizeof(text), " %s $end\n", names[i]);
		assert_int_equal(count(text), 1);
	}
}

/* What is in a file that grows, so far. */
struct growth {
	FILE *file;
	uint64_t changes, lost, want;
};

/* As many are there as are wanted. */
static bool has_grown(void *ctx)
{
	struct growth *growth = ctx;
	char line[256];
	unsigned lost;

	/* It is written in whole lines. */
	while (fgets(line, sizeof(line), growth->file)) {
		assert_non_null(strchr(line, '\n'));
		growth->changes += strcmp(line, "0!\n") == 0 || strcmp(line, "1!\n") == 0;
		if (sscanf(line, "$comment guest0: %u changes", &lost) == 1)
			growth->lost += lost;
	}
	clearerr(growth->file);
	return growth->changes + growth->lost >= growth->want;
}

/* Of the environment. */
static uint64_t figure(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

/*
 * All are there, or it is said how many are missing; and memory stays as it is. The guest waits now and then: so nothing is
 * lost unless this machine stands still. RECORD_EDGES is how many, RECORD_STRIDE after how many the guest waits.
 */
static void so_many_edges_in_the_same_memory(void **state)
{
	bool tells = !proc_has_address_sanitizer(setting.daemon.pid);
	uint64_t n = figure("RECORD_EDGES", tells ? 100000 : 10000), stride = figure("RECORD_STRIDE", 500), rss = 0;
	struct growth growth = { .want = 1 };

	record_begin("record -o x.vcd guest0.1");
	growth.file = fopen("x.vcd", "r");
	assert_non_null(growth.file);
	for (uint64_t i = 1; i <= n; i++) {
		assert_int_equal(gpio_set_value(&setting.vmm, 1, i % 2), GPIO_OK);
		/* Where it begins is a change, too. A loss may be told before it is known to be the last one. */
		growth.want = i + 1 - growth.lost / 50;
		if (i % stride == 0 || i == n)
			assert_true(wait_for(has_grown, &growth, 4 * FIXTURE_MS));
		if (i % (n / 10) != 0)
			continue;
		print_message("%llu edges: %llu kB\n", (unsigned long long)i,
			      (unsigned long long)proc_status(setting.record.pid, "VmRSS"));
		if (i == n / 10)
			rss = proc_status(setting.record.pid, "VmRSS");
	}
	if (tells)
		assert_in_range(proc_status(setting.record.pid, "VmRSS"), 1, rss + 1024);
	assert_int_equal(run_stop(&setting.record), 0);
	print_message("%llu changes, %llu lost\n", (unsigned long long)growth.changes - 1,
		      (unsigned long long)growth.lost);
	assert_in_range(growth.changes + growth.lost, n + 1 - growth.lost / 50, n + 1 + growth.lost / 50);
	fclose(growth.file);
}

/* Returns how many pulses before the trigger it had. */
static unsigned trigger_once(void)
{
	run_start(&setting.record, "record", "VGPIOCTL",
		  "record -o x.vcd guest0.2 --trigger guest0.1:rising --before 10s --after 20ms");
	for (int i = 0; i < 20; i++)
		ctl_check("pulse guest0.2 1ms", 0, "", "");
	assert_int_equal(count("$end"), 0);
	while (!run_has_ended(&setting.record)) {
		gpio_set_value(&setting.vmm, 1, 0);
		gpio_set_value(&setting.vmm, 1, 1);
		sleep_ms(5);
	}
	assert_int_equal(run_wait(&setting.record), 0);
	assert_string_equal(run_err(&setting.record), "");
	return count("\n1!\n");
}

static void around_a_trigger(void **state)
{
	unsigned before = 0;
	uint64_t last = 0;
	const char *at;

	/* It may begin to watch after all of it. */
	for (int i = 0; i < 5 && before == 0; i++)
		before = trigger_once();
	assert_in_range(before, 1, 20);
	assert_true(count("\n1\"\n") > 0);
	/* What comes later than it was asked for is not there. */
	for (at = file_read("x.vcd"); (at = strstr(at, "\n#")); at++)
		last = strtoull(at + 2, NULL, 10);
	at = strstr(file_read("x.vcd"), "\n1\"\n");
	while (*--at != '#')
		;
	assert_int_equal(last - strtoull(at + 1, NULL, 10), 20000000);
}

/* It ends by itself, with what was asked for, and no more. */
static void limits(void **state)
{
	record_begin("record -o x.vcd guest0.1 --limit 3");
	for (unsigned i = 1; i <= 10; i++)
		gpio_set_value(&setting.vmm, 1, i % 2);
	assert_int_equal(run_wait(&setting.record), 0);
	assert_string_equal(run_err(&setting.record), "");
	assert_int_equal(count("\n1!\n") + count("\n0!\n"), 4);
	record_begin("record -o x.vcd guest0.1 --limit 1min,1000B,9999");
	for (unsigned i = 1; i <= 1000; i++)
		gpio_set_value(&setting.vmm, 1, i % 2);
	assert_int_equal(run_wait(&setting.record), 0);
	assert_in_range(strlen(file_read("x.vcd")), 550, 1000);
	record_begin("record -o x.vcd guest0.1 --limit 50ms");
	assert_int_equal(run_wait(&setting.record), 0);
	assert_int_equal(count("\n#50000000\n"), 1);
	ctl_check("record -o x.vcd guest0.1 --limit 5,x", 2, "",
		  "vgpioctl: --limit: \"x\" is not a time, a number of changes or a size (10s, 5000, 20MB)\n");
	ctl_check("record -o x.vcd guest0.1 --limit 0", 2, "",
		  "vgpioctl: --limit: \"0\" is not a time, a number of changes or a size (10s, 5000, 20MB)\n");
}

static void a_scenario_that_fails(void **state)
{
	struct run run;

	file_write("s", "pulse guest0.2 1ms\nexpect guest0.1=1 within 5ms\n");
	assert_int_equal(ctl(&run, "run s --record x.vcd"), 1);
	assert_int_equal(count("$var wire 1 ! dummy2 $end\n"), 1);
	assert_int_equal(count("\n1!\n"), 1);
	assert_int_equal(count("\n0!\n"), 2);
	ctl_check("run s s --record x.vcd", 2, "", "vgpioctl: --record takes one scenario\n");
}

static void what_cannot_be_recorded(void **state)
{
	ctl_check("record", 2, "", "vgpioctl: record needs -o FILE\n");
	ctl_check("record -o x.vcd nope", 1, "", "vgpioctl: no line \"nope\"\n");
	ctl_check("record -o /nope/x 2", 1, "", "vgpioctl: \"2\" is ambiguous: guest0.dummy2, guest1.dummy2\n");
	ctl_check("record -o /nope/x guest0.2", 1, "", "vgpioctl: /nope/x: No such file or directory\n");
	ctl_check("record -o /dev/full guest0.2", 1, "", "vgpioctl: /dev/full: No space left on device\n");
	ctl_check("record -o x.vcd guest0.2 --before 1s", 2, "", "vgpioctl: --before needs --trigger\n");
	ctl_check("record -o x.vcd --trigger guest0.2:rising", 2, "",
		  "vgpioctl: --trigger needs the lines to record\n");
	ctl_check("record -o x.vcd guest0.2 --trigger guest0.2", 2, "",
		  "vgpioctl: record: --trigger: \"guest0.2\" is not L:rising, L:falling, L:changes, L:0 or L:1\n");
	ctl_check("record -o x.vcd guest0.2 --trigger guest0.2:x", 2, "", "vgpioctl: record: \"x\": expected 0 or 1\n");
}

static void gtkwave_reads_them_all(void **state)
{
	if (setting.n_checked == 0)
		skip_because("there is no vcd2fst of GTKWave");
	assert_true(setting.n_checked >= 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_of_two_guests, setup, teardown),
		cmocka_unit_test_setup_teardown(all_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(many_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_names, setup, teardown),
		cmocka_unit_test_setup_teardown(so_many_edges_in_the_same_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(around_a_trigger, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(a_scenario_that_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_recorded, setup, teardown),
		cmocka_unit_test(gtkwave_reads_them_all),
	};

	return cmocka_run_group_tests_name("cli record", tests, NULL, NULL);
}
