/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* How users name a chip: a number, a number of simulated lines, a path. */
#include "chip/chip_spec.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "chip/cdev.h"
#include "chip/sim.h"

void chip_spec_number(unsigned number, struct chip_spec *spec)
{
	*spec = (struct chip_spec){ .driver = &cdev_driver, .number = number };
	snprintf(spec->path, sizeof(spec->path), "/dev/gpiochip%u", number);
}

void chip_spec_sim(unsigned n_lines, struct chip_spec *spec)
{
	*spec = (struct chip_spec){ .driver = &sim_driver, .number = n_lines };
	snprintf(spec->path, sizeof(spec->path), "s%u", n_lines);
}

int chip_spec_path(const char *path, struct chip_spec *spec)
{
	size_t len = strlen(path);

	if (len >= sizeof(spec->path))
		return -ENAMETOOLONG;
	*spec = (struct chip_spec){ .driver = &cdev_driver };
	memcpy(spec->path, path, len + 1);
	return 0;
}

int chip_spec_parse(const char *word, size_t len, struct chip_spec *spec)
{
	bool sim = len > 0 && word[0] == 's';
	uint64_t number;
	int ret = decimal_parse_len(word + sim, len - sim, sim ? CHIP_LINES_MAX : INT_MAX, &number);

	if (ret < 0)
		return ret;
	if (sim && number == 0)
		return -ERANGE;
	if (sim)
		chip_spec_sim((unsigned)number, spec);
	else
		chip_spec_number((unsigned)number, spec);
	return 0;
}

bool chip_spec_is_sim(const struct chip_spec *spec)
{
	return spec->driver == &sim_driver;
}
