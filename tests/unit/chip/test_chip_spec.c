/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of chip/chip: the words that name a chip, and probing what is no chip. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "chip/cdev.h"
#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "chip/label.h"
#include "chip/sim.h"

static int parse(const char *word, struct chip_spec *spec)
{
	return chip_spec_parse(word, strlen(word), spec);
}

static void real_chips(void **state)
{
	struct chip_spec spec;

	assert_int_equal(parse("0", &spec), 0);
	assert_ptr_equal(spec.driver, &cdev_driver);
	assert_string_equal(spec.path, "/dev/gpiochip0");
	assert_int_equal(parse("0042", &spec), 0);
	assert_int_equal(spec.number, 42);
	assert_string_equal(spec.path, "/dev/gpiochip42");
	assert_int_equal(parse("2147483647", &spec), 0);
	assert_string_equal(spec.path, "/dev/gpiochip2147483647");
	/* Exactly len bytes of it. */
	assert_int_equal(chip_spec_parse("12:s4", 2, &spec), 0);
	assert_int_equal(spec.number, 12);
}

static void simulated_chips(void **state)
{
	struct chip_spec spec;

	assert_int_equal(parse("s1", &spec), 0);
	assert_ptr_equal(spec.driver, &sim_driver);
	assert_int_equal(spec.number, 1);
	assert_int_equal(parse("s65535", &spec), 0);
	assert_string_equal(spec.path, "s65535");
}

static void no_spec(void **state)
{
	static const char *const words[] = { "",    "s",   "+1",  "-1",	 " 1",	"1 ",  "1x",  "x",
					     "S4",  "ss4", "s-1", "s+1", "s 1", "0x1", "1.0", "/dev/gpiochip0",
					     "s4:", "\xff" };
	struct chip_spec spec = { .number = 77 };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(parse(words[i], &spec), -EINVAL);
	assert_int_equal(chip_spec_parse("1\0", 2, &spec), -EINVAL);
	assert_int_equal(spec.number, 77);
}

static void out_of_range(void **state)
{
	static const char *const words[] = { "s0",	    "s65536",
					     "s4294967297", "2147483648",
					     "4294967296",  "99999999999999999999999999999999999999999999999999" };
	struct chip_spec spec;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(parse(words[i], &spec), -ERANGE);
	assert_int_equal(parse("99999999999999999999x", &spec), -EINVAL);
}

/* What the words of a configuration lead to, which took them apart itself. */
static void made_of_parts(void **state)
{
	struct chip_spec a;
	struct why why;
	char path[CHIP_PATH_MAX + 1];

	chip_spec_number(42, &a);
	assert_ptr_equal(a.driver, &cdev_driver);
	assert_string_equal(a.path, "/dev/gpiochip42");
	chip_spec_sim(65535, &a);
	assert_ptr_equal(a.driver, &sim_driver);
	assert_int_equal(a.number, 65535);
	assert_string_equal(a.path, "s65535");

	assert_int_equal(chip_spec_path("/dev/gpiochip42", &a), 0);
	assert_ptr_equal(a.driver, &cdev_driver);
	assert_string_equal(a.path, "/dev/gpiochip42");
	assert_int_equal(chip_spec_path("/dev/gpiochip-exp", &a), 0);
	assert_string_equal(a.path, "/dev/gpiochip-exp");
	memset(path, 'x', sizeof(path));
	path[CHIP_PATH_MAX] = '\0';
	assert_int_equal(chip_spec_path(path, &a), -ENAMETOOLONG);
	path[CHIP_PATH_MAX - 1] = '\0';
	assert_int_equal(chip_spec_path(path, &a), 0);
	assert_string_equal(a.path, path);

	assert_int_equal(chip_label_find(LABEL_DIRECTORY, "there is no such chip", &a, &why), -ENODEV);
	assert_int_equal(strncmp(why.text, "no chip has this label", 22), 0);
}

static void probing_what_is_no_chip(void **state)
{
	struct chip_spec spec;
	struct chip_found found;
	struct why why = { "" };

	parse("2147483647", &spec);
	assert_int_equal(chip_probe(&spec, &found, &why), -ENOENT);
	assert_string_equal(why.text, "No such file or directory");
	assert_int_equal(found.fd, -1);

	snprintf(spec.path, sizeof(spec.path), "/dev/null");
	assert_int_equal(chip_probe(&spec, &found, &why), -ENOTTY);
	assert_string_equal(why.text, "not a GPIO chip");
	assert_int_equal(found.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_chips),	 cmocka_unit_test(simulated_chips),
		cmocka_unit_test(no_spec),	 ROW_TEST("G-02", out_of_range),
		cmocka_unit_test(made_of_parts), cmocka_unit_test(probing_what_is_no_chip),
	};

	return cmocka_run_group_tests_name("chip/chip", tests, NULL, NULL);
}
