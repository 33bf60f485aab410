/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of chip/cdev_found and chip/label, on a fake kernel: what is done to a chip that is not in use yet. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "chip/label.h"
#include "fake_kernel.h"

#define CONSUMER "vhost-device-gpio:a"

struct fixture {
	char directory[32];
	struct chip_spec spec;
	struct chip_found found;
};

/* Devices of three numbers; which chip each is, the fake kernel says. */
static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full" };
enum device { A = 3, B = 5, C = 7 }; /* their minor numbers */

static void node(struct fixture *fixture, const char *name, enum device device)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
	assert_int_equal(symlink(devices[(device - A) / 2], path), 0);
}

static int fixture_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct why why;

	kernel_boot();
	snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/chips-XXXXXX");
	if (!mkdtemp(fixture->directory) || chip_spec_path("/dev/null", &fixture->spec) < 0 ||
	    chip_probe(&fixture->spec, &fixture->found, &why) < 0)
		return -1;
	*state = fixture;
	return 0;
}

static int fixture_down(void **state)
{
	struct fixture *fixture = *state;
	char command[64];

	close(fixture->found.fd);
	kernel_halt();
	snprintf(command, sizeof(command), "rm -r %s", fixture->directory);
	if (system(command) != 0)
		return -1;
	free(fixture);
	return 0;
}

static void only_devices_are_opened(void **state)
{
	struct fixture *fixture = *state;
	struct chip_spec spec;
	struct chip_found found;
	struct why why;
	char path[64];

	snprintf(path, sizeof(path), "%s/gpiochip0", fixture->directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	chip_spec_path(path, &spec);
	assert_int_equal(chip_probe(&spec, &found, &why), -ENOTTY);
	assert_string_equal(why.text, "not a GPIO chip");
	chip_spec_path(fixture->directory, &spec);
	assert_int_equal(chip_probe(&spec, &found, &why), -ENOTTY);
	assert_int_equal(found.fd, -1);
}

/* Two paths, one chip; and one that is another. */
static void same_chip_by_two_paths(void **state)
{
	struct fixture *fixture = *state;
	struct chip_spec spec, sim_spec;
	struct chip_found found, sim;
	struct why why;
	char path[64];

	node(fixture, "gpiochip-exp", A);
	snprintf(path, sizeof(path), "%s/gpiochip-exp", fixture->directory);
	assert_int_equal(chip_spec_path(path, &spec), 0);
	assert_string_equal(spec.path, path);
	assert_int_equal(chip_probe(&spec, &found, &why), 0);
	assert_true(chip_found_same(&found, &fixture->found));
	close(found.fd);
	chip_spec_path("/dev/zero", &spec);
	assert_int_equal(chip_probe(&spec, &found, &why), 0);
	assert_false(chip_found_same(&found, &fixture->found));
	close(found.fd);
	chip_spec_sim(4, &sim_spec);
	assert_int_equal(chip_probe(&sim_spec, &sim, &why), 0);
	assert_false(chip_found_same(&sim, &sim));
}

static int find(struct fixture *fixture, const char *label, struct chip_spec *spec, struct why *why)
{
	*spec = (struct chip_spec){ .number = 77 };
	return chip_label_find(fixture->directory, label, spec, why);
}

static void assert_path(struct fixture *fixture, const struct chip_spec *spec, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
	assert_string_equal(spec->path, path);
}

static void chip_by_label(void **state)
{
	struct fixture *fixture = *state;
	struct chip_spec spec;
	struct chip_found found;
	struct why why;

	kernel.labels[A] = "pinctrl-a";
	kernel.labels[B] = "pinctrl-b";
	kernel.labels[C] = "pinctrl-b";
	node(fixture, "gpiochip0", A);
	node(fixture, "gpiochip10", B);
	node(fixture, "gpiochip9", A);	  /* a distribution's link to number 0 */
	node(fixture, "gpio-of-mine", C); /* no chip's name */
	assert_int_equal(find(fixture, "pinctrl-a", &spec, &why), 0);
	assert_path(fixture, &spec, "gpiochip0");
	assert_int_equal(chip_probe(&spec, &found, &why), 0);
	assert_string_equal(found.label, "pinctrl-a");
	close(found.fd);
	assert_int_equal(find(fixture, "pinctrl-b", &spec, &why), 0);
	assert_path(fixture, &spec, "gpiochip10");

	assert_int_equal(find(fixture, "pinctrl", &spec, &why), -ENODEV);
	assert_string_equal(why.text, "no chip has this label (found: \"pinctrl-a\", \"pinctrl-b\")");
	assert_int_equal(find(fixture, "pinctrl-aa", &spec, &why), -ENODEV);
	/* 31 characters are all that the kernel tells of a label, and all that this chip has. */
	kernel.labels[B] = NULL;
	assert_int_equal(find(fixture, "LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL and more", &spec, &why), 0);
	assert_int_equal(find(fixture, "LLLLLLLLLLLLLLLLLLLLLLLLLLLLLL", &spec, &why), -ENODEV);
}

static void label_of_two_chips(void **state)
{
	struct fixture *fixture = *state;
	struct chip_spec spec;
	struct why why;
	char want[160];

	kernel.labels[A] = kernel.labels[B] = kernel.labels[C] = "twin";
	node(fixture, "gpiochip2", A);
	node(fixture, "gpiochip3", A);
	node(fixture, "gpiochip12", B);
	node(fixture, "gpiochip13", C);
	assert_int_equal(find(fixture, "twin", &spec, &why), -ENOTUNIQ);
	snprintf(want, sizeof(want), "two chips have this label: %s/gpiochip2 and %s/gpiochip12", fixture->directory,
		 fixture->directory);
	assert_string_equal(why.text, want);
}

/* A node that cannot be looked at may be the one. */
static void label_search_tells_what_it_could_not_see(void **state)
{
	struct fixture *fixture = *state;
	struct chip_spec spec;
	struct why why;
	char path[64], want[160];

	kernel.labels[A] = "a";
	node(fixture, "gpiochip1", A);
	snprintf(path, sizeof(path), "%s/gpiochip0", fixture->directory);
	assert_int_equal(symlink("/nowhere", path), 0);
	assert_int_equal(find(fixture, "a", &spec, &why), 0);
	assert_path(fixture, &spec, "gpiochip1");
	assert_int_equal(find(fixture, "b", &spec, &why), -ENODEV);
	snprintf(want, sizeof(want), "no chip has this label (found: %s: No such file or directory, \"a\")", path);
	assert_string_equal(why.text, want);
	assert_int_equal(chip_label_find("/nowhere", "b", &spec, &why), -ENOENT);
	assert_string_equal(why.text, "/nowhere: No such file or directory");
}

static void all_are_listed(void **state)
{
	struct fixture *fixture = *state;
	char text[512] = "", want[512];
	struct why why;
	FILE *file = fmemopen(text, sizeof(text), "w");

	kernel.labels[A] = "pinctrl-a";
	kernel.labels[B] = "b\nc";
	node(fixture, "gpiochip10", B);
	node(fixture, "gpiochip2", A);
	snprintf(want, sizeof(want), "%s/gpiochip11", fixture->directory);
	assert_int_equal(symlink("/nowhere", want), 0);
	assert_int_equal(chip_label_list(fixture->directory, file, &why), 0);
	assert_int_equal(fclose(file), 0);
	snprintf(want, sizeof(want),
		 "CHIP               LINES  LABEL\n%s/gpiochip2 %5u  pinctrl-a\n%s/gpiochip10 %5u  b?c\n"
		 "%s/gpiochip11     -  No such file or directory\n",
		 fixture->directory, fixture->found.n_lines, fixture->directory, fixture->found.n_lines,
		 fixture->directory);
	assert_string_equal(text, want);
	assert_int_equal(chip_label_list("/nowhere", stdout, &why), -ENOENT);
}

/* After a re-plug the node may have another number. */
static void found_again(void **state)
{
	struct fixture *fixture = *state;
	struct chip_found now;
	struct chip_spec spec;
	struct why why;
	char path[64];

	kernel.labels[A] = kernel.labels[B] = "exp";
	node(fixture, "gpiochip0", A);
	node(fixture, "gpiochip1", B);
	close(fixture->found.fd);
	assert_int_equal(chip_probe(&fixture->spec, &fixture->found, &why), 0);
	snprintf(path, sizeof(path), "%s/gpiochip1", fixture->directory);
	assert_int_equal(chip_find_replugged(&fixture->spec, &fixture->found, path, &now), 0);
	assert_true(now.fd >= 0);
	assert_false(chip_found_same(&now, &fixture->found));
	close(now.fd);
	kernel.labels[B] = "other";
	assert_int_equal(chip_find_replugged(&fixture->spec, &fixture->found, path, &now), -ENODEV);
	kernel.labels[B] = "exp";
	kernel.n_lines++;
	assert_int_equal(chip_find_replugged(&fixture->spec, &fixture->found, path, &now), -ENODEV);
	kernel.n_lines--;
	chip_spec_sim(KERNEL_LINES, &spec);
	assert_int_equal(chip_find_replugged(&spec, &fixture->found, path, &now), -ENODEV);
}

static bool is_known(void *ctx, const struct chip_found *found)
{
	return chip_found_same(ctx, found);
}

/* Of two that look like the one that is gone neither is it, unless one of them is known to be another. */
static void label_found_again(void **state)
{
	struct fixture *fixture = *state;
	struct chip_found gone = { .fd = -1, .n_lines = KERNEL_LINES, .label = "exp" };
	struct label_again again = { &gone, &gone, is_known };
	struct chip_spec spec;
	struct why why;

	kernel.labels[A] = kernel.labels[B] = "exp";
	node(fixture, "gpiochip0", A);
	node(fixture, "gpiochip1", A);
	assert_int_equal(chip_label_find_again(fixture->directory, &again, &spec, &why), 0);
	assert_path(fixture, &spec, "gpiochip0");
	assert_true(spec.by_label);
	gone.n_lines++;
	assert_int_equal(chip_label_find_again(fixture->directory, &again, &spec, &why), -ENODEV);
	gone.n_lines--;
	node(fixture, "gpiochip2", B);
	assert_int_equal(chip_label_find_again(fixture->directory, &again, &spec, &why), -ENOTUNIQ);
	again.ctx = &fixture->found; /* A */
	assert_int_equal(chip_label_find_again(fixture->directory, &again, &spec, &why), 0);
	assert_path(fixture, &spec, "gpiochip2");
	gone.label[2] = '\0';
	assert_int_equal(chip_label_find_again(fixture->directory, &again, &spec, &why), -ENODEV);
}

static void line_info_and_holder(void **state)
{
	struct fixture *fixture = *state;
	struct chip_spec sim_spec;
	struct chip_found sim;
	struct chip_line_info info;
	struct why why;

	assert_int_equal(chip_found_line_info(&fixture->spec, &fixture->found, 3, &info), 0);
	assert_string_equal(info.name, "line 3");
	assert_string_equal(info.consumer, "somebody");
	assert_true(info.used);
	kernel.fail_number = GPIO_V2_GET_LINEINFO_IOCTL;
	kernel.fail_errno = ENODEV;
	assert_int_equal(chip_found_line_info(&fixture->spec, &fixture->found, 3, &info), -ENODEV);

	chip_spec_sim(4, &sim_spec);
	chip_probe(&sim_spec, &sim, &why);
	assert_int_equal(chip_found_line_info(&sim_spec, &sim, 2, &info), 0);
	assert_string_equal(info.name, "dummy2");
	assert_false(info.used);
}

/* Whether the kernel has the line back: the last copy of the request is closed. */
static bool is_given_back(void)
{
	char byte;

	return recv(kernel.peer, &byte, 1, MSG_DONTWAIT) == 0;
}

static void line_requested_for_a_worker(void **state)
{
	struct fixture *fixture = *state;
	const struct chip_line_config config = { .direction = CHIP_DIRECTION_OUT,
						 .value = 1,
						 .settings = { .active_low = true } };
	struct chip_spec sim;
	int fd = -7;

	assert_int_equal(chip_request_line(&fixture->spec, &fixture->found, 2, CONSUMER, &config, &fd), 0);
	assert_true(fd >= 0);
	assert_string_equal(kernel.journal, "IR"); /* the info is the probing's */
	assert_string_equal(kernel.request.consumer, CONSUMER);
	assert_int_equal(kernel.request.offsets[0], 2);
	assert_int_equal(kernel.config.flags, GPIO_V2_LINE_FLAG_OUTPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW);
	assert_int_equal(kernel.config.attrs[0].attr.values, 1);
	assert_false(is_given_back());
	close(fd);
	kernel.fail_number = GPIO_V2_GET_LINE_IOCTL;
	kernel.fail_errno = EBUSY;
	assert_int_equal(chip_request_line(&fixture->spec, &fixture->found, 2, CONSUMER, &config, &fd), -EBUSY);
	assert_int_equal(fd, -1);

	chip_spec_sim(4, &sim);
	fd = -7;
	assert_int_equal(chip_request_line(&sim, &fixture->found, 2, CONSUMER, &config, &fd), 0);
	assert_int_equal(fd, -1);
}

static int try_line(struct fixture *fixture, unsigned offset, struct chip_line_settings settings)
{
	memset(kernel.journal, 0, sizeof(kernel.journal));
	return chip_try_settings(&fixture->spec, &fixture->found, offset, CONSUMER, &settings);
}

/* Line 2 is an input, line 3 an output (fake_kernel). */
static void tried_as_an_input(void **state)
{
	struct fixture *fixture = *state;
	const struct chip_line_settings all = {
		.active_low = true, .bias = CHIP_BIAS_PULL_UP, .drive = CHIP_DRIVE_OPEN_DRAIN, .debounce_us = 7
	};

	assert_int_equal(try_line(fixture, 2, all), 0);
	assert_string_equal(kernel.journal, "RIC");
	assert_int_equal(kernel.request.config.flags, 0); /* as it is */
	assert_string_equal(kernel.request.consumer, CONSUMER);
	assert_int_equal(kernel.request.num_lines, 1);
	assert_int_equal(kernel.request.offsets[0], 2);
	assert_int_equal(kernel.config.flags,
			 GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW | GPIO_V2_LINE_FLAG_BIAS_PULL_UP);
	assert_int_equal(kernel.config.num_attrs, 1);
	assert_true(is_given_back());
}

static void tried_as_the_output_that_it_is(void **state)
{
	struct fixture *fixture = *state;

	for (uint8_t level = 0; level < 2; level++) {
		for (uint8_t active_low = 0; active_low < 2; active_low++) {
			kernel.bits = level;
			assert_int_equal(try_line(fixture, 3,
						  (struct chip_line_settings){ .active_low = active_low,
									       .bias = CHIP_BIAS_PULL_DOWN,
									       .debounce_us = 9 }),
					 0);
			assert_string_equal(kernel.journal, "RIGC");
			assert_true(kernel.config.flags & GPIO_V2_LINE_FLAG_OUTPUT);
			assert_true(kernel.config.flags & GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN);
			assert_int_equal(!(kernel.config.flags & GPIO_V2_LINE_FLAG_ACTIVE_LOW), !active_low);
			assert_int_equal(kernel.config.num_attrs, 1);
			assert_int_equal(kernel.config.attrs[0].attr.id, GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES);
			assert_int_equal(kernel.config.attrs[0].attr.values, level ^ active_low);
			assert_true(is_given_back());
		}
	}
}

/* What would let go of an output, move it, or could not be refused. */
static void not_tried(void **state)
{
	static const struct {
		unsigned offset;
		uint64_t level;
		struct chip_line_settings settings;
		const char *journal;
	} cases[] = {
		{ 2, 0, { .active_low = true, .drive = CHIP_DRIVE_OPEN_DRAIN }, "" },
		{ 3, 1, { .drive = CHIP_DRIVE_OPEN_SOURCE }, "" },
		{ 3, 1, { .debounce_us = 5 }, "RI" },
		{ 3, 1, { .bias = CHIP_BIAS_PULL_UP, .drive = CHIP_DRIVE_OPEN_DRAIN }, "RIG" },
		{ 3, 0, { .bias = CHIP_BIAS_PULL_UP, .drive = CHIP_DRIVE_OPEN_DRAIN }, "RIGC" },
		{ 3, 0, { .bias = CHIP_BIAS_PULL_UP, .drive = CHIP_DRIVE_OPEN_SOURCE }, "RIG" },
		{ 3, 1, { .bias = CHIP_BIAS_PULL_UP, .drive = CHIP_DRIVE_OPEN_SOURCE }, "RIGC" },
		{ 3, 1, { .active_low = true, .bias = CHIP_BIAS_PULL_UP, .drive = CHIP_DRIVE_OPEN_DRAIN }, "RIG" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		kernel.bits = cases[i].level;
		assert_int_equal(try_line(fixture, cases[i].offset, cases[i].settings), 0);
		assert_string_equal(kernel.journal, cases[i].journal);
	}
	kernel.fail_number = GPIO_V2_LINE_GET_VALUES_IOCTL;
	kernel.fail_errno = EIO;
	assert_int_equal(try_line(fixture, 3, (struct chip_line_settings){ .bias = CHIP_BIAS_DISABLED }), 0);
	assert_string_equal(kernel.journal, "RI");
	assert_true(is_given_back());
}

static void refused_by_the_kernel(void **state)
{
	static const struct {
		unsigned long number;
		int error;
		const char *words;
	} cases[] = {
		{ GPIO_V2_GET_LINE_IOCTL, EBUSY, "Device or resource busy" },
		{ GPIO_V2_LINE_SET_CONFIG_IOCTL, 524, "not supported by the chip" },
		{ GPIO_V2_LINE_SET_CONFIG_IOCTL, EOPNOTSUPP, "not supported by the chip" },
		{ GPIO_V2_LINE_SET_CONFIG_IOCTL, ENODEV, "the chip is gone" },
		{ GPIO_V2_LINE_SET_CONFIG_IOCTL, EINVAL, "Invalid argument" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int ret;

		kernel.fail_number = cases[i].number;
		kernel.fail_errno = cases[i].error;
		ret = try_line(fixture, 2, (struct chip_line_settings){ .bias = CHIP_BIAS_DISABLED });
		assert_int_equal(ret, -cases[i].error);
		assert_string_equal(chip_strerror(ret), cases[i].words);
		if (cases[i].number == GPIO_V2_LINE_SET_CONFIG_IOCTL)
			assert_true(is_given_back());
	}
}

#define FOUND_TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOUND_TEST(only_devices_are_opened),
		FOUND_TEST(same_chip_by_two_paths),
		FOUND_TEST(all_are_listed),
		FOUND_TEST(chip_by_label),
		FOUND_TEST(label_of_two_chips),
		FOUND_TEST(label_search_tells_what_it_could_not_see),
		FOUND_TEST(found_again),
		FOUND_TEST(label_found_again),
		FOUND_TEST(line_info_and_holder),
		FOUND_TEST(line_requested_for_a_worker),
		FOUND_TEST(tried_as_an_input),
		FOUND_TEST(tried_as_the_output_that_it_is),
		FOUND_TEST(not_tried),
		FOUND_TEST(refused_by_the_kernel),
	};

	return cmocka_run_group_tests_name("chip/cdev_found", tests, NULL, NULL);
}
