/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The table of --check, to the letter. */
#include "unit/guest/resolve_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/check.h"

static void check_table(const char *expected)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	check_print(&fixture.resolved, &(struct wire_list){ .n = 0 }, stream);
	assert_int_equal(fclose(stream), 0);
	assert_string_equal(directory_hidden(text), expected);
	free(text);
}

/* clang-format off */
static void a_guest_and_its_lines(void **state)
{
	assert_int_equal(RESOLVE("name=ivi,socket=/run/ivi.sock,sim=4,"
				 "lines=@sim{3=door,input,bias=pull-up,debounce=5ms:0=horn,on-disconnect=hold,drive=open-drain:1,ro}"),
			 0);
	check_table(
"guest ivi: 3 lines on /run/ivi.sock\n"
"   LINE  NAME                 CHIP                LINE  ITS NAME             SETTINGS\n"
"      0  door                 s4                     3  dummy3               input,bias=pull-up,debounce=5ms\n"
"      1  horn                 s4                     0  dummy0               drive=open-drain,on-disconnect=hold\n"
"      2  dummy1               s4                     1  dummy1               ro\n");
}

static void notes_and_conflicts(void **state)
{
	kernel.lines[2].name = "tab\there";
	kernel.lines[3].name = "";
	assert_int_equal(RESOLVE("fd=5,lines=@0{0,active-low:2}", "lines=@1", "name=none,lines=@7"), -EINVAL);
	check_table(
"guest guest0: 2 lines on fd 5\n"
"   LINE  NAME                 CHIP                LINE  ITS NAME             SETTINGS\n"
"      0  line 0               DIR/gpiochip0     0  line 0               active-low\n"
"      1  -                    DIR/gpiochip0     2  tab?here\n"
"guest guest1: 4 lines\n"
"   LINE  NAME                 CHIP                LINE  ITS NAME             SETTINGS\n"
"      0  line 0               DIR/gpiochip1     0  line 0\n"
"      1  line 1               DIR/gpiochip1     1  line 1\n"
"      2  -                    DIR/gpiochip1     2  tab?here\n"
"      3  -                    DIR/gpiochip1     3  -\n"
"guest none: 0 lines\n"
"note: --guest 1: line 1: its name \"tab?here\" is not shown to the guest: not plain ASCII\n"
"note: --guest 2: DIR/gpiochip1 line 1 is held by \"somebody\": the guest cannot use it now\n"
"note: --guest 2: DIR/gpiochip1 line 3 is held by \"somebody\": the guest cannot use it now\n"
"note: --guest 2: line 2: its name \"tab?here\" is not shown to the guest: not plain ASCII\n"
"conflict: --guest 3: DIR/gpiochip7: No such file or directory\n");
}
/* clang-format on */

/* The chips' words reach no terminal as they are. */
static void control_characters_are_not_printed(void **state)
{
	kernel.lines[0].holder = "\033[2J\x7f";
	assert_int_equal(RESOLVE("lines=@0{0}"), -EINVAL);
	check_table("guest guest0: 1 line\n"
		    "   LINE  NAME                 CHIP                LINE  ITS NAME             SETTINGS\n"
		    "      0  line 0               DIR/gpiochip0     0  line 0\n"
		    "conflict: --guest: line 0: DIR/gpiochip0 line 0 is held by \"?[2J?\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RESOLVE_TEST(a_guest_and_its_lines),
		RESOLVE_TEST(notes_and_conflicts),
		RESOLVE_TEST(control_characters_are_not_printed),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
