/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* How users name a chip: a number, a number of simulated lines, a path, a label. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "chip/driver.h"
#include "chip/label.h"

#define DEVICE_DIRECTORY "/dev"

/* The decimal digits of word; nothing else may stand there. -EINVAL, or -ERANGE above max. */
static int number_parse(const char *word, size_t len, unsigned max, unsigned *number)
{
	unsigned long long n = 0;

	if (len == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (word[i] < '0' || word[i] > '9')
			return -EINVAL;
		n = n * 10 + (unsigned)(word[i] - '0');
		if (n > max)
			n = (unsigned long long)max + 1; /* stays too large, but does not wrap */
	}
	if (n > max)
		return -ERANGE;
	*number = (unsigned)n;
	return 0;
}

void chip_spec_number(unsigned number, struct chip_spec *spec)
{
	*spec = (struct chip_spec){ .driver = &chip_driver_cdev, .number = number };
	snprintf(spec->path, sizeof(spec->path), DEVICE_DIRECTORY "/gpiochip%u", number);
}

void chip_spec_sim(unsigned n_lines, struct chip_spec *spec)
{
	*spec = (struct chip_spec){ .driver = &chip_driver_sim, .number = n_lines };
	snprintf(spec->path, sizeof(spec->path), "s%u", n_lines);
}

int chip_spec_path(const char *path, struct chip_spec *spec)
{
	size_t len = strlen(path);

	if (len >= sizeof(spec->path))
		return -ENAMETOOLONG;
	*spec = (struct chip_spec){ .driver = &chip_driver_cdev };
	memcpy(spec->path, path, len + 1);
	return 0;
}

int chip_spec_label(const char *label, struct chip_spec *spec, char *why, size_t why_size)
{
	return chip_label_find(DEVICE_DIRECTORY, label, spec, why, why_size);
}

int chip_spec_parse(const char *word, size_t len, struct chip_spec *spec)
{
	bool sim = len > 0 && word[0] == 's';
	unsigned number;
	int ret;

	if (sim)
		ret = number_parse(word + 1, len - 1, CHIP_LINES_MAX, &number);
	else
		ret = number_parse(word, len, INT_MAX, &number);
	if (ret < 0)
		return ret;
	if (sim && number == 0)
		return -ERANGE;
	if (sim)
		chip_spec_sim(number, spec);
	else
		chip_spec_number(number, spec);
	return 0;
}
