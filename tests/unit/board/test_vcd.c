/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A waveform file: its head, odd names, values, time, loss; and whole lines at any time. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "board/vcd.h"

#define IN(value)                                                                                                      \
	{                                                                                                              \
		.level = (value), .direction = LINE_DIRECTION_INPUT                                                    \
	}
#define OUT(value)                                                                                                     \
	{                                                                                                              \
		.level = (value), .direction = LINE_DIRECTION_OUTPUT                                                   \
	}
#define HEAD "$version vgpioctl $end\n$timescale 1 ns $end\n"

static struct vcd vcd;
static int fd;

static int setup(void **state)
{
	fd = memfd_create("vcd", MFD_CLOEXEC);
	return fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	close(fd);
	return 0;
}

static const char *text(void)
{
	static char all[1 << 22];
	ssize_t len = pread(fd, all, sizeof(all) - 1, 0);

	assert_true(len >= 0);
	all[len] = '\0';
	return all;
}

static void head_and_changes(void **state)
{
	const struct vcd_line lines[] = { { "ci", "button", IN(1) },
					  { "two", "x", { .level = 1 } },
					  { "ci", "led", OUT(0) },
					  { "two", "y", OUT(-1) } };

	assert_int_equal(vcd_begin(&vcd, fd, lines, 4, 1000), 0);
	vcd_change(&vcd, 1000, 0, (struct line_now)IN(0));
	vcd_change(&vcd, 1005, 2, (struct line_now)OUT(1));
	vcd_change(&vcd, 1005, 0, (struct line_now)IN(1));
	vcd_change(&vcd, 1007, 0, (struct line_now)OUT(1)); /* is the same on the wire */
	vcd_change(&vcd, 1009, 1, (struct line_now)OUT(0));
	vcd_lost(&vcd, "ci", 12);
	vcd_change(&vcd, 1010, 2, (struct line_now){ .level = 0 });
	assert_int_equal(vcd.n_changes, 5);
	assert_int_equal(vcd_end(&vcd, 2000), 0);
	assert_string_equal(text(),
			    HEAD "$scope module ci $end\n$var wire 1 ! button $end\n$var wire 1 # led $end\n"
				 "$upscope $end\n$scope module two $end\n$var wire 1 \" x $end\n"
				 "$var wire 1 $ y $end\n$upscope $end\n$enddefinitions $end\n"
				 "#0\n$dumpvars\n1!\nz\"\n0#\nx$\n$end\n"
				 "0!\n#5\n1#\n1!\n#9\n0\"\n$comment ci: 12 changes were lost $end\n#10\nz#\n#1000\n");
}

/* Two names that come out as one stay two. */
static void odd_names(void **state)
{
	const struct vcd_line lines[] = { { "a", "Red LED", IN(0) },  { "a", "Red_LED", IN(0) },
					  { "a", "Red\tLED", IN(0) }, { "a", "d[0]", IN(0) },
					  { "a", "$end", IN(0) },     { "a", "", IN(0) },
					  { "b", "Red LED", IN(0) },  { "b", "caf\xc3\xa9", IN(0) } };

	assert_int_equal(vcd_begin(&vcd, fd, lines, 8, 0), 0);
	assert_int_equal(vcd_end(&vcd, 0), 0);
	assert_non_null(strstr(text(),
			       "$scope module a $end\n$var wire 1 ! Red_LED_0 $end\n$var wire 1 \" Red_LED $end\n"
			       "$var wire 1 # Red_LED_2 $end\n$var wire 1 $ d_0_ $end\n$var wire 1 % _end $end\n"
			       "$var wire 1 & _ $end\n$upscope $end\n$scope module b $end\n"
			       "$var wire 1 ' Red_LED $end\n$var wire 1 ( caf__ $end\n"));
}

/* Also when what it becomes is another one's name already. */
static void odd_names_that_are_taken(void **state)
{
	const struct vcd_line lines[] = {
		{ "a", "d 0", IN(0) }, { "a", "d_0", IN(0) }, { "a", "d_0_0", IN(0) }, { "a", "d\t0", IN(0) }
	};
	static char first[200], second[200];

	memset(first, 'x', 198);
	memset(second, 'x', 199);
	assert_int_equal(vcd_begin(&vcd, fd, lines, 4, 0), 0);
	assert_int_equal(vcd_end(&vcd, 0), 0);
	assert_non_null(strstr(text(), "$var wire 1 ! d_0_0_ $end\n$var wire 1 \" d_0 $end\n$var wire 1 # d_0_0 $end\n"
				       "$var wire 1 $ d_0_3 $end\n"));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	/* Longer than there is room for. */
	const struct vcd_line longs[] = { { "a", first, IN(0) }, { "a", second, IN(0) } };

	assert_int_equal(vcd_begin(&vcd, fd, longs, 2, 0), 0);
	assert_int_equal(vcd_end(&vcd, 0), 0);
	assert_non_null(strstr(text(), "xxx $end\n"));
	assert_non_null(strstr(text(), "xxx_1 $end\n"));
}

/* Each has a name of its own: with one character, and with more. */
static void many_lines(void **state)
{
	static struct vcd_line lines[10000];
	static char names[10000][8];
	char seen[100] = { 0 };
	const char *at;

	for (size_t i = 0; i < 10000; i++) {
		snprintf(names[i], sizeof(names[i]), "l%zu", i);
		lines[i] = (struct vcd_line){ "g", names[i], IN(0) };
	}
	assert_int_equal(vcd_begin(&vcd, fd, lines, 10000, 0), 0);
	assert_int_equal(vcd_end(&vcd, 0), 0);
	assert_non_null(strstr(text(), "$var wire 1 ~ l93 $end\n$var wire 1 !\" l94 $end\n"));
	assert_non_null(strstr(text(), " l9999 $end\n"));
	at = strstr(text(), "$dumpvars\n") + 10;
	for (unsigned i = 0; i < 94; i++, at += 3) {
		assert_int_equal(at[0], '0');
		assert_int_equal(at[2], '\n');
		assert_int_equal(seen[at[1] - '!']++, 0);
	}
}

/* At whatever time it is looked at. */
static void whole_lines(void **state)
{
	const struct vcd_line lines[] = { { "g", "l", IN(0) } };
	size_t before = 0;

	assert_int_equal(vcd_begin(&vcd, fd, lines, 1, 0), 0);
	for (unsigned i = 1; i < 50000; i++) {
		const char *now;

		vcd_change(&vcd, i * 1000, 0, (struct line_now){ .level = i % 2, .direction = LINE_DIRECTION_INPUT });
		if (i % 100 == 0)
			assert_int_equal(vcd_flush(&vcd), 0);
		if (lseek(fd, 0, SEEK_END) == (off_t)before)
			continue;
		now = text();
		before = strlen(now);
		assert_int_equal(now[before - 1], '\n');
	}
	assert_int_equal(vcd_end(&vcd, 50000000), 0);
	assert_int_equal(vcd.n_changes, 49999);
	/* A kill may cut a write where a page of the file ends. */
	assert_true(before > 500000);
	for (size_t at = 4096; at < before; at += 4096)
		assert_int_equal(text()[at - 1], '\n');
	assert_non_null(strstr(text(), "\n#49999000\n1!\n#50000000\n"));
}

/* Two changes, one each 10 ns, of those that fit. Returns what is in the file behind the values at the beginning. */
static const char *limited(struct vcd_limit limit, bool full)
{
	const struct vcd_line lines[] = { { "g", "l", IN(0) } };

	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(vcd_begin(&vcd, fd, lines, 1, 1000), 0);
	vcd.limit = limit;
	for (unsigned i = 1; i <= 1000; i++)
		vcd_change(&vcd, 1000 + i * 10, 0, (struct line_now)IN(i % 2));
	vcd_lost(&vcd, "g", 1);
	assert_int_equal(vcd.is_full, full);
	assert_int_equal(vcd_end(&vcd, 20000), 0);
	return strstr(text(), "$dumpvars\n0!\n$end\n") + 18;
}

static void limits(void **state)
{
	const uint64_t no = UINT64_MAX;

	assert_string_equal(limited((struct vcd_limit){ 2, no, no }, true), "#10\n1!\n#20\n0!\n");
	assert_string_equal(limited((struct vcd_limit){ no, no, 25 }, true), "#10\n1!\n#20\n0!\n#25\n");
	assert_string_equal(limited((struct vcd_limit){ no, no, 20 }, true), "#10\n1!\n#20\n0!\n");
	assert_string_equal(limited((struct vcd_limit){ no, 1, no }, true), "");
	for (uint64_t bytes = 500; bytes < 5000; bytes += 97) {
		limited((struct vcd_limit){ no, bytes, no }, true);
		assert_in_range(strlen(text()), bytes - 450, bytes);
	}
	limited((struct vcd_limit){ 1001, no, 10001 }, false);
	assert_non_null(strstr(text(), "#10000\n0!\n$comment g: 1 changes were lost $end\n#10001\n"));
}

static void a_full_disk(void **state)
{
	const struct vcd_line lines[] = { { "g", "l", IN(0) } };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_int_equal(vcd_begin(&vcd, full, lines, 1, 0), -ENOSPC);
	for (unsigned i = 1; i < 100000; i++)
		vcd_change(&vcd, i, 0, (struct line_now){ .level = i % 2, .direction = LINE_DIRECTION_INPUT });
	assert_int_equal(vcd_end(&vcd, 100000), -ENOSPC);
	close(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(head_and_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_names, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_names_that_are_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(many_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(whole_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk, setup, teardown),
	};

	return cmocka_run_group_tests_name("vcd", tests, NULL, NULL);
}
