/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From words to guests: chips and lines that are there or not, names, holders, limits. */
#include "resolve_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static const struct guest *guest(size_t i)
{
	assert_true(i < fixture.resolved.guests.n);
	return &fixture.resolved.guests.guests[i];
}

static void check_good(const char *lines, const char *notes)
{
	assert_string_equal(findings_text(&fixture.resolved.conflicts), "");
	assert_string_equal(lines_text(guest(0)), lines);
	assert_string_equal(findings_text(&fixture.resolved.notes), notes);
}

#define HELD(n) "--guest: DIR/gpiochip0 line " n " is held by \"somebody\": the guest cannot use it now\n"

/* One guest: what it gets, and what is noted. */
static const struct {
	const char *word;
	const char *lines;
	const char *notes;
} good[] = {
	{ "sim=3", "s3.0=dummy0 s3.1=dummy1 s3.2=dummy2 ", "" },
	{ "sim=3,names=a::c", "s3.0=a s3.1= s3.2=c ", "" },
	{ "sim=8,lines=@sim{7:0-2:5=x}", "s8.7=dummy7 s8.0=dummy0 s8.1=dummy1 s8.2=dummy2 s8.5=x ", "" },
	{ "sim=4,lines=@sim{dummy3:dummy1}", "s4.3=dummy3 s4.1=dummy1 ", "" },
	{ "sim=4,names=a:b:c:d,lines=@sim{d:b=x:0}", "s4.3=d s4.1=x s4.0=a ", "" },
	{ "lines=@0{0:2}", "DIR/gpiochip0.0=line 0 DIR/gpiochip0.2=line 2 ", "" },
	{ "lines=@gpiochip1{\"line 2\"=led}", "DIR/gpiochip1.2=led ", "" },
	{ "lines=@DIR/again{0}@0{2}@1{0=other}", "DIR/again.0=line 0 DIR/again.2=line 2 DIR/gpiochip1.0=other ", "" },
	{ "lines=@0", "DIR/gpiochip0.0=line 0 DIR/gpiochip0.1=line 1 DIR/gpiochip0.2=line 2 DIR/gpiochip0.3=line 3 ",
	  HELD("1") HELD("3") },
	{ "sim=2,lines=@1{2=x}@sim@0{2=y}", "DIR/gpiochip1.2=x s2.0=dummy0 s2.1=dummy1 DIR/gpiochip0.2=y ", "" },
	{ "lines=@0{0}@1{0}", "DIR/gpiochip0.0=line 0 DIR/gpiochip1.0= ",
	  "--guest: line 1: its name \"line 0\" is not shown to the guest: another line has it\n" },
	{ "lines=@1{0}@0{2=\"line 0\"}", "DIR/gpiochip1.0= DIR/gpiochip0.2=line 0 ",
	  "--guest: line 0: its name \"line 0\" is not shown to the guest: another line has it\n" },
};

static void words_and_their_lines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(RESOLVE(good[i].word), 0);
		check_good(good[i].lines, good[i].notes);
	}
}

/* What is refused, with every line of it. */
static const struct {
	const char *word;
	const char *conflicts;
} bad[] = {
	{ "sim=3,lines=@sim{3}", "--guest: line 3: out of range: s3 has lines 0-2\n" },
	{ "sim=1,lines=@sim{0:0-1}", "--guest: line 0-1: out of range: s1 has only line 0\n" },
	{ "lines=@0{2-4}", "--guest: line 2-4: out of range: DIR/gpiochip0 has lines 0-3\n" },
	{ "lines=@0{65534}", "--guest: line 65534: out of range: DIR/gpiochip0 has lines 0-3\n" },
	{ "sim=3,lines=@sim{x:dummy1:dummy}", "--guest: line \"x\": s3 has no line \"x\"\n"
					      "--guest: line \"dummy\": s3 has no line \"dummy\"\n" },
	/* A line that was called something else is not called dummyN. */
	{ "sim=2,names=a:b,lines=@sim{dummy1}", "--guest: line \"dummy1\": s2 has no line \"dummy1\"\n" },
	{ "sim=3,names=a:b:a,lines=@sim{a}",
	  "--guest: line \"a\": s3 has two lines \"a\": 0 and 2; choose by offset\n" },
	{ "sim=3,names=a:b:a", "--guest: lines 0 and 2 are both called \"a\"\n" },
	{ "sim=3,lines=@sim{0=a:1=b:2=a}", "--guest: lines 0 and 2 are both called \"a\"\n" },
	{ "sim=3,names=a:b,lines=@sim{0:2=a}", "--guest: lines 0 and 1 are both called \"a\"\n" },
	{ "lines=@7", "--guest: DIR/gpiochip7: No such file or directory\n" },
	{ "lines=@DIR/file{0}", "--guest: DIR/file: not a GPIO chip\n" },
	{ "lines=@nix{0}",
	  "--guest: chip \"nix\": no chip has this label (found: \"LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL\")\n" },
	{ "lines=@0{1}", "--guest: line 1: DIR/gpiochip0 line 1 is held by \"somebody\"\n" },
	{ "lines=@0{0-3}", "--guest: line 0-3: DIR/gpiochip0 line 1 is held by \"somebody\"\n"
			   "--guest: line 0-3: DIR/gpiochip0 line 3 is held by \"somebody\"\n" },
	/* What is wrong is all said, whatever else is. */
	{ "lines=@7{0}@nix@0{9:1}@sim,sim=1",
	  "--guest: DIR/gpiochip7: No such file or directory\n"
	  "--guest: chip \"nix\": no chip has this label (found: \"LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL\")\n"
	  "--guest: line 9: out of range: DIR/gpiochip0 has lines 0-3\n"
	  "--guest: line 1: DIR/gpiochip0 line 1 is held by \"somebody\"\n" },
	/* One chip, however it is called. */
	{ "lines=@0{0=a}@DIR/again{0=b}",
	  "guest0: DIR/gpiochip0 line 0 is given twice: as line 0 and line 1 of the guest\n" },
	{ "lines=@DIR/again@0{2=x}", "guest0: DIR/again line 2 is given twice: as line 2 and line 4 of the guest\n" },
	{ "sim=4,lines=@sim{1=a}@sim{1=b}", "guest0: s4 line 1 is given twice: as line 0 and line 1 of the guest\n" },
};

static void refusals(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(RESOLVE(bad[i].word), -EINVAL);
		assert_string_equal(findings_text(&fixture.resolved.conflicts), bad[i].conflicts);
	}
}

static void labels(void **state)
{
	kernel.labels[CHIP_0] = "pinctrl-rp1";
	kernel.labels[CHIP_1] = "pca9535";
	assert_int_equal(RESOLVE("lines=@pinctrl-rp1{0=a}@pca9535{0=b}@0{2}"), 0);
	check_good("DIR/gpiochip0.0=a DIR/gpiochip1.0=b DIR/gpiochip0.2=line 2 ", "");
	assert_int_equal(guest(0)->n_chips, 2);
	/* One of the simulated chip's name is no trap: quotes make it a label. */
	kernel.labels[CHIP_1] = "sim";
	assert_int_equal(RESOLVE("sim=1,lines=@\"sim\"{0=a}@sim"), 0);
	check_good("DIR/gpiochip1.0=a s1.0=dummy0 ", "");
	kernel.labels[CHIP_1] = "pinctrl-rp1";
	assert_int_equal(RESOLVE("lines=@pinctrl-rp1{0}"), -EINVAL);
	assert_string_equal(findings_text(&fixture.resolved.conflicts),
			    "--guest: chip \"pinctrl-rp1\": two chips have this label: DIR/gpiochip0 and "
			    "DIR/gpiochip1\n");
}

/* However often it is named: its lines have one state. */
static void a_chip_is_one_chip(void **state)
{
	assert_int_equal(RESOLVE("sim=4,lines=@sim{1=a}@0{0}@sim{2=b}@DIR/again{2}"), 0);
	check_good("s4.1=a DIR/gpiochip0.0=line 0 s4.2=b DIR/gpiochip0.2=line 2 ", "");
	assert_int_equal(guest(0)->n_chips, 2);
}

static void two_lines_of_one_name(void **state)
{
	kernel.lines[2].name = "line 0";
	assert_int_equal(RESOLVE("lines=@0{\"line 0\"}"), -EINVAL);
	assert_string_equal(findings_text(&fixture.resolved.conflicts),
			    "--guest: line \"line 0\": DIR/gpiochip0 has two lines \"line 0\": 0 and 2; choose by "
			    "offset\n");
	assert_int_equal(RESOLVE("lines=@0{0:2}"), 0);
	check_good("DIR/gpiochip0.0=line 0 DIR/gpiochip0.2= ",
		   "--guest: line 1: its name \"line 0\" is not shown to the guest: another line has it\n");
}

static void names_that_a_guest_is_not_shown(void **state)
{
	kernel.lines[0].name = "caf\xc3\xa9";
	kernel.lines[2].name = "";
	assert_int_equal(RESOLVE("lines=@0{0:2}"), 0);
	check_good("DIR/gpiochip0.0= DIR/gpiochip0.2= ",
		   "--guest: line 0: its name \"caf??\" is not shown to the guest: not plain ASCII\n");
	assert_int_equal(RESOLVE("lines=@0{0=cafe}"), 0);
	check_good("DIR/gpiochip0.0=cafe ", "");
}

static void holders(void **state)
{
	kernel.lines[0].holder = "vhost-device-gpio:guest0";
	kernel.lines[2].holder = "";
	assert_int_equal(RESOLVE("lines=@0{0:2}"), -EINVAL);
	assert_string_equal(findings_text(&fixture.resolved.conflicts),
			    "--guest: line 0: DIR/gpiochip0 line 0 is held by \"vhost-device-gpio:guest0\"\n"
			    "--guest: line 2: DIR/gpiochip0 line 2 is held by the kernel\n");
	/* The daemon that runs is no conflict, another guest of it is. */
	fixture.params.check = true;
	assert_int_equal(RESOLVE("lines=@0{0}"), 0);
	assert_int_equal(RESOLVE("lines=@0{0},name=ivi"), -EINVAL);
	assert_int_equal(RESOLVE("lines=@0{2}"), -EINVAL);
	fixture.params = (struct resolve_params){ .any_holder = true };
	assert_int_equal(RESOLVE("lines=@0{0-3}"), 0);
}

/* At a reload: the lines of those that leave will be free, those of the ones that stay will not. */
static void guests_that_leave_and_stay(void **state)
{
	struct resolved before;
	const struct guest *ivi;

	assert_int_equal(RESOLVE("lines=@0{0},name=ivi"), 0);
	before = fixture.resolved;
	fixture.resolved = (struct resolved){ .guests.n = 0 };
	ivi = &before.guests.guests[0];
	kernel.lines[0].holder = "vhost-device-gpio:ivi";
	fixture.params = (struct resolve_params){ .removing = &ivi, .n_removing = 1 };
	assert_int_equal(RESOLVE("lines=@0{0},name=b"), 0);
	kernel.lines[0].holder = "vhost-device-gpio:other";
	assert_int_equal(RESOLVE("lines=@0{0},name=b"), -EINVAL);
	kernel.lines[0].holder = NULL;
	fixture.params = (struct resolve_params){ .serving = &ivi, .n_serving = 1 };
	assert_int_equal(RESOLVE("lines=@DIR/again{0=x},name=b"), -EINVAL);
	assert_string_equal(findings_text(&fixture.resolved.conflicts),
			    "DIR/gpiochip0 line 0 is given to both ivi (its line 0) and b (its line 0)\n");
	assert_int_equal(RESOLVE("lines=@0{2}@1{0},name=b"), 0);
	fixture.params = (struct resolve_params){ .safe = false };
	resolved_deinit(&before);
}

static void safe_is_the_default_only(void **state)
{
	static const uint8_t plain[] = { LINE_IDLE_RELEASED, LINE_IDLE_OUTPUT_HIGH, LINE_IDLE_HOLD, LINE_IDLE_RELEASED,
					 LINE_IDLE_RELEASED };
	static const uint8_t safe[] = { LINE_IDLE_RELEASED, LINE_IDLE_OUTPUT_HIGH, LINE_IDLE_HOLD, LINE_IDLE_INPUT,
					LINE_IDLE_INPUT };
	const char *word = "sim=4,lines=@sim{0,on-disconnect=release:1,on-disconnect=output-high:2,on-disconnect=hold:"
			   "3}@0{0}";

	for (int i = 0; i < 2; i++) {
		fixture.params.safe = i;
		assert_int_equal(RESOLVE(word), 0);
		for (unsigned line = 0; line < ARRAY_SIZE(plain); line++)
			assert_int_equal(guest(0)->lines[line].on_disconnect, i ? safe[line] : plain[line]);
	}
	assert_int_equal(RESOLVE("sim=1"), 0);
	assert_int_equal(guest(0)->lines[0].on_disconnect, LINE_IDLE_INPUT);
}

static void rules_go_to_their_lines(void **state)
{
	const struct line_rules *rules;

	assert_int_equal(RESOLVE("sim=9,lines=@0{0=a,ro,bias=pull-up}@sim{3-4,active-low,init=output-high}"), 0);
	rules = guest(0)->lines;
	assert_int_equal(guest(0)->n_lines, 3);
	assert_true(rules[0].no_value && rules[0].no_output && !rules[1].no_value);
	assert_int_equal(rules[0].settings.bias, CHIP_BIAS_PULL_UP);
	assert_true(!rules[0].settings.active_low && rules[1].settings.active_low && rules[2].settings.active_low);
	assert_int_equal(rules[2].init, LINE_IDLE_OUTPUT_HIGH);
	assert_int_equal(rules[0].init, LINE_IDLE_RELEASED);
	assert_int_equal(rules[0].chip, 0);
	assert_int_equal(rules[2].chip, 1);
	assert_int_equal(rules[2].offset, 4);
}

static void a_line_that_can_not_be_looked_at(void **state)
{
	kernel.fail_offset = 3;
	assert_int_equal(RESOLVE("lines=@0{0:2}"), -EINVAL);
	assert_string_equal(findings_text(&fixture.resolved.conflicts),
			    "--guest: DIR/gpiochip0 line 2: Input/output error\n");
}

static void more_lines_than_a_guest_can_have(void **state)
{
	assert_int_equal(RESOLVE("sim=65535"), 0);
	assert_int_equal(guest(0)->n_lines, CHIP_LINES_MAX);
	assert_int_equal(RESOLVE("sim=65535,lines=@sim{0-1}@sim{2-65534}"), 0);
	assert_int_equal(RESOLVE("sim=65535,lines=@sim@0"), -EINVAL);
	assert_string_equal(findings_text(&fixture.resolved.conflicts), "--guest: more than 65535 lines\n");
	/* All but one, and one more. */
	assert_int_equal(RESOLVE("sim=65534,lines=@sim@0{0}"), 0);
	assert_int_equal(RESOLVE("sim=65534,lines=@sim@0{0:2}"), -EINVAL);
}

static void more_chips_than_a_guest_can_have(void **state)
{
	struct guest_config *configs;
	struct why why;

	resolved_deinit(&fixture.resolved);
	configs = guest_configs_add(&fixture.configs);
	assert_int_equal(guest_configs_name(&fixture.configs, configs, &why), 0);
	fixture.every_chip_is_another = true;
	kernel.n_lines = 2 * (GUEST_CHIPS_MAX + 1);
	for (unsigned i = 0; i < GUEST_CHIPS_MAX + 1; i++) {
		struct config_chip *chip = guest_config_add_chip(configs);
		struct config_line *line = config_chip_add_line(chip);

		chip->kind = CONFIG_CHIP_NUMBER;
		line->first = line->last = 2 * i;
	}
	assert_int_equal(resolve(&fixture.configs, &fixture.params, &fixture.resolved), -EINVAL);
	assert_string_equal(findings_text(&fixture.resolved.conflicts),
			    "guest0: DIR/gpiochip0: a guest has at most 64 chips\n");
	resolved_deinit(&fixture.resolved);
	configs->n_chips--;
	assert_int_equal(resolve(&fixture.configs, &fixture.params, &fixture.resolved), 0);
	configs->n_chips++;
	assert_int_equal(guest(0)->n_chips, GUEST_CHIPS_MAX);
}

static void several_guests(void **state)
{
	assert_int_equal(RESOLVE("sim=1,socket=a", "lines=@0{0},socket=b", "lines=@0{2}@DIR/again{1},socket=c"),
			 -EINVAL);
	assert_string_equal(findings_text(&fixture.resolved.conflicts),
			    "--guest 3: line 1: DIR/gpiochip0 line 1 is held by \"somebody\"\n");
	assert_int_equal(fixture.resolved.guests.n, 3);
	assert_string_equal(guest(2)->name, "guest2");
	assert_string_equal(guest(2)->socket.path, "c");
	assert_int_equal(RESOLVE("lines=@0,socket=a", "lines=@1,socket=b", "lines=@DIR/again,socket=b"), -EINVAL);
	assert_string_equal(findings_text(&fixture.resolved.conflicts),
			    "b is the socket of both guest1 and guest2\n"
			    "DIR/gpiochip0 lines 0 to 3 are given to both guest0 (its lines 0 to 3) and guest2 (its "
			    "lines 0 to 3)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RESOLVE_TEST(words_and_their_lines),
		RESOLVE_TEST(refusals),
		RESOLVE_TEST(labels),
		RESOLVE_TEST(a_chip_is_one_chip),
		RESOLVE_TEST(two_lines_of_one_name),
		RESOLVE_TEST(names_that_a_guest_is_not_shown),
		RESOLVE_TEST(holders),
		RESOLVE_TEST(guests_that_leave_and_stay),
		RESOLVE_TEST(safe_is_the_default_only),
		RESOLVE_TEST(rules_go_to_their_lines),
		RESOLVE_TEST(a_line_that_can_not_be_looked_at),
		RESOLVE_TEST(more_lines_than_a_guest_can_have),
		RESOLVE_TEST(more_chips_than_a_guest_can_have),
		RESOLVE_TEST(several_guests),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
