/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vgpioctl play: a waveform file as stimulus. */
#include "guest_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpio.h"
#include "vmm.h"

#define HEAD(line)                                                                                                     \
	"$timescale 1 us $end $scope module guest0 $end $var wire 1 ! " line " $end $var wire 1 # 3 $end\n"            \
	"$upscope $end $enddefinitions $end\n"

static struct {
	struct run daemon, record;
	struct vmm vmm;
} setting;

static int setup(void **state)
{
	if (guest_fixture_setup(state, &setting.daemon, &setting.vmm) < 0)
		return -1;
	for (uint16_t line = 2; line < 5; line++)
		assert_int_equal(gpio_set_direction(&setting.vmm, line, GPIO_IN), GPIO_OK);
	return 0;
}

static int teardown(void **state)
{
	return guest_fixture_teardown(state, &setting.daemon, &setting.vmm);
}

static bool has_begun(void *ctx)
{
	return strstr(file_read("x.vcd"), "$end\n#0\n");
}

static void record_begin(const char *lines)
{
	char words[256];

	remove("x.vcd");
	snprintf(words, sizeof(words), "record -o x.vcd %s", lines);
	run_start(&setting.record, "record", "VGPIOCTL", words);
	assert_true(wait_for(has_begun, NULL, FIXTURE_MS));
}

/* What changed since: "1!0#1#". */
static const char *record_end(void)
{
	static char changes[4096];
	const char *at, *text;
	size_t len = 0;

	assert_int_equal(run_stop(&setting.record), 0);
	text = file_read("x.vcd");
	at = strstr(text, "$dumpvars\n");
	for (at = strstr(at, "$end\n") + 5; *at; at = strchr(at, '\n') + 1) {
		if (*at == '#')
			continue;
		memcpy(changes + len, at, 2);
		len += 2;
	}
	changes[len] = '\0';
	return changes;
}

static void plays(const char *words, unsigned want_changes, double want_seconds)
{
	struct run run;
	double seconds;
	unsigned changes;

	if (ctl(&run, words) != 0)
		fail_msg("%s", run_err(&run));
	assert_string_equal(run_err(&run), "");
	assert_int_equal(sscanf(run_out(&run), "%u changes in %lf s; ", &changes, &seconds), 2);
	assert_int_equal(changes, want_changes);
	assert_true(want_seconds < 0 || (seconds > want_seconds - 1e-6 && seconds < want_seconds + 1e-6));
	assert_non_null(strstr(run_out(&run), "; late by "));
	assert_non_null(strstr(run_out(&run), "; jitter p99 "));
}

/* What is recorded of it is the same again, and that may be played again. */
static void what_was_played_is_recorded(void **state)
{
	file_write("p.vcd", HEAD("2") "#0 1! 0# #3000 0! #3001 1! 1# #9000 0# #9000 1# #9001 0# #20000\n");
	record_begin("guest0.2 guest0.3");
	plays("play p.vcd", 6, 0.02);
	assert_string_equal(record_end(), "1!0!1!1\"0\"");
	rename("x.vcd", "again.vcd");
	ctl_check("set guest0.2=0 guest0.3=0", 0, "", "");
	record_begin("guest0.2 guest0.3");
	plays("play again.vcd --map guest0.dummy2=guest0.dummy2 --map dummy3=guest0.dummy3", 7, -1);
	assert_string_equal(record_end(), "1!0!1!1\"0\"");
}

static void many_lines_at_once(void **state)
{
	char text[8192] = "$scope module guest1 $end\n";
	size_t len = strlen(text);

	for (unsigned i = 0; i < 32; i++)
		len += (size_t)sprintf(text + len, "$var wire 1 %c%c dummy%u $end\n", 'a', 'A' + i, i);
	len += (size_t)sprintf(text + len, "$upscope $end $enddefinitions $end\n");
	for (unsigned time = 0; time < 3; time++) {
		len += (size_t)sprintf(text + len, "\n#%u", time);
		for (unsigned i = 0; i < 32; i++)
			len += (size_t)sprintf(text + len, " %ca%c", '0' + (i % 2 == time % 2), 'A' + i);
	}
	file_write("p.vcd", text);
	plays("play p.vcd --speed 0.001", 96, 0.000002);
	ctl_check("get guest1.30 guest1.31", 0, "\"guest1.30\"=active \"guest1.31\"=inactive\n", "");
}

/* Nobody drives: the pull is what it was before; weak levels are pulls. */
static void levels_that_nobody_drives(void **state)
{
	ctl_check("pull guest0.2=pull-up", 0, "", "");
	file_write("p.vcd", HEAD("2") "#0 z! x# #1 0! #2 1# #3 z! #4 z# #5 L! #6 H# #7 -! #8 u#\n");
	record_begin("guest0.2 guest0.3");
	plays("play p.vcd --speed 0.001", 10, 0.008);
	assert_string_equal(record_end(), "0!1\"1!0\"0!1\"1!0\"");
	ctl_check("get guest0.2 guest0.3", 0, "\"guest0.2\"=active \"guest0.3\"=inactive\n", "");
}

static void what_is_not_played(void **state)
{
	file_write("p.vcd", HEAD("2") "#0 1!\n");
	file_write("bad.vcd", HEAD("2") "#0 1!\n#5\n2!\n");
	file_write("wide.vcd", "$var wire 4 ! data $end $var real 64 r r $end $enddefinitions $end");
	file_write("none.vcd", "$enddefinitions $end");
	ctl_check("play", 2, "", "vgpioctl: play needs FILE: see \"vgpioctl play --help\"\n");
	ctl_check("play p.vcd p.vcd", 2, "", "vgpioctl: play needs one FILE\n");
	ctl_check("play nope", 2, "", "vgpioctl: nope: No such file or directory\n");
	ctl_check("play .", 2, "", "vgpioctl: .: Is a directory\n");
	ctl_check("play none.vcd", 2, "", "vgpioctl: none.vcd: it has no signals\n");
	ctl_check("play bad.vcd", 2, "", "vgpioctl: bad.vcd:5: \"2\": expected a value of 0, 1, x and z\n");
	ctl_check("get guest0.2", 0, "\"guest0.2\"=inactive\n", "");
	ctl_check("play wide.vcd", 2, "",
		  "vgpioctl: wide.vcd: \"data\" is no single wire: --map says what is to be played\n");
	ctl_check("play wide.vcd --map data=guest0.2", 2, "",
		  "vgpioctl: wide.vcd: \"data\" has 4 bits: expected one of them, [3] to [0]\n");
	ctl_check("play p.vcd --map 2", 2, "", "vgpioctl: --map: \"2\" is not SIGNAL=LINE\n");
	ctl_check("play p.vcd --map x=guest0.2", 2, "", "vgpioctl: p.vcd: no signal \"x\"\n");
	ctl_check("play p.vcd --map 2=guest0.2 --map 3=guest0.2", 2, "",
		  "vgpioctl: play: \"guest0.2\" is to be two signals\n");
	ctl_check("play p.vcd --map 2=guest0.2 --map 3=guest0.dummy2", 1, "",
		  "vgpioctl: play: \"guest0.dummy2\" is to be two signals\n");
	ctl_check("play p.vcd --map 2=nope", 1, "", "vgpioctl: no line \"nope\"\n");
	ctl_check("play p.vcd --speed 0", 2, "", "vgpioctl: --speed: \"0\" is not a number from 0.001 to 1000\n");
	ctl_check("get guest0.2", 0, "\"guest0.2\"=inactive\n", "");
}

/* It says when. */
static void the_guest_drives_too(void **state)
{
	assert_int_equal(gpio_set_direction(&setting.vmm, 3, GPIO_OUT), GPIO_OK);
	file_write("p.vcd", HEAD("2") "#0 1! #1500 1#\n");
	ctl_check("play p.vcd", 1, "", "vgpioctl: at 0.001500 s: guest0.dummy3 is an output of the guest\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_played_is_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(many_lines_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(levels_that_nobody_drives, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_played, setup, teardown),
		cmocka_unit_test_setup_teardown(the_guest_drives_too, setup, teardown),
	};

	return cmocka_run_group_tests_name("cli play", tests, NULL, NULL);
}
