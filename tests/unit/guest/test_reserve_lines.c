/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What is tried and taken before anything is served, on a fake kernel. */
#include "resolve_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/util.h"
#include "guest/reserve_lines.h"

static struct diagnostics conflicts;

static struct guest *resolved_guest(void)
{
	return &fixture.resolved.guests.guests[0];
}

static int claim(const char *word)
{
	diagnostics_deinit(&conflicts);
	fixture.params.any_holder = true;
	assert_int_equal(RESOLVE(word), 0);
	kernel.requests = 0;
	memset(kernel.offsets, 0, sizeof(kernel.offsets));
	return reserve_lines(resolved_guest(), &conflicts);
}

static int teardown(void **state)
{
	diagnostics_deinit(&conflicts);
	return 0;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void lines_without_a_word_are_left_alone(void **state)
{
	assert_int_equal(claim("lines=@0{0:1,ro:2=x,on-disconnect=output-low:3,no-irq}"), 0);
	assert_int_equal(kernel.requests, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(resolved_guest()->reserved[i], -1);
}

static void lines_with_an_init_stay_requested(void **state)
{
	int reserved[4];

	assert_int_equal(claim("lines=@0{3,init=output-high:1:0,init=input,bias=pull-up}"), 0);
	memcpy(reserved, resolved_guest()->reserved, 3 * sizeof(int));
	assert_true(is_open(reserved[0]));
	assert_int_equal(reserved[1], -1);
	assert_true(is_open(reserved[2]));
	/* In the order of the guest's lines, the last one as an input with its bias. */
	assert_string_equal(kernel.offsets, "30");
	assert_string_equal(kernel.request.consumer, "vhost-device-gpio:guest0");
	assert_int_equal(kernel.request.config.flags, GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_BIAS_PULL_UP);
	/* They are the guest's to close. */
	guest_deinit(resolved_guest());
	assert_false(is_open(reserved[0]));
	assert_false(is_open(reserved[2]));
}

static void an_init_level_is_there_from_the_start(void **state)
{
	assert_int_equal(claim("lines=@0{2,init=output-high}"), 0);
	assert_int_equal(kernel.request.config.flags, GPIO_V2_LINE_FLAG_OUTPUT);
	assert_int_equal(kernel.request.config.num_attrs, 1);
	assert_int_equal(kernel.request.config.attrs[0].attr.values, 1);
	assert_int_equal(claim("lines=@0{2,init=output-low}"), 0);
	assert_int_equal(kernel.request.config.attrs[0].attr.values & 1, 0);
}

static void settings_are_tried_and_let_go(void **state)
{
	assert_int_equal(claim("lines=@0{0,bias=pull-up:2,debounce=5ms:1,active-low}"), 0);
	assert_string_equal(kernel.offsets, "02");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(resolved_guest()->reserved[i], -1);
}

static void what_the_chip_can_not_do_is_a_conflict(void **state)
{
	kernel.fail_number = GPIO_V2_LINE_SET_CONFIG_IOCTL;
	kernel.fail_errno = 524; /* ENOTSUPP, which only the kernel has a name for */
	assert_int_equal(claim("lines=@0{0,bias=pull-up:2=\"line two\",debounce=5ms}"), -EINVAL);
	assert_string_equal(
		findings_text(&conflicts),
		"guest0: cannot request line 0 \"line 0\" (DIR/gpiochip0 line 0) with these settings: not "
		"supported by the chip\n"
		"guest0: cannot request line 1 \"line two\" (DIR/gpiochip0 line 2) with these settings: not "
		"supported by the chip\n");
}

/* Those that could be had stay so until the guest goes. */
static void one_that_fails_keeps_the_others(void **state)
{
	int claimed;

	kernel.lines[2].name = "";
	kernel.fail_request = 2;
	kernel.fail_errno = EBUSY;
	assert_int_equal(claim("lines=@0{0,init=input:2,init=output-high}"), -EINVAL);
	assert_string_equal(
		findings_text(&conflicts),
		"guest0: cannot request line 1 (DIR/gpiochip0 line 2) with these settings: Device or resource "
		"busy\n");
	claimed = resolved_guest()->reserved[0];
	assert_true(is_open(claimed));
	assert_int_equal(resolved_guest()->reserved[1], -1);
	guest_deinit(resolved_guest());
	assert_false(is_open(claimed));
}

static void simulated_lines_can_everything(void **state)
{
	assert_int_equal(claim("sim=3,lines=@sim{0,init=output-high,drive=open-drain:1,bias=pull-up,debounce=1s:2}"),
			 0);
	assert_int_equal(conflicts.n, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(resolved_guest()->reserved[i], -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RESOLVE_TEST(lines_without_a_word_are_left_alone),    RESOLVE_TEST(lines_with_an_init_stay_requested),
		RESOLVE_TEST(an_init_level_is_there_from_the_start),  RESOLVE_TEST(settings_are_tried_and_let_go),
		RESOLVE_TEST(what_the_chip_can_not_do_is_a_conflict), RESOLVE_TEST(one_that_fails_keeps_the_others),
		RESOLVE_TEST(simulated_lines_can_everything),
	};

	return cmocka_run_group_tests_name("reserve_lines", tests, NULL, teardown);
}
