/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From a chip's spec to its driver, and from the chip interface to the driver's functions. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "chip/driver.h"

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

	*spec = (struct chip_spec){ .driver = sim ? &chip_driver_sim : &chip_driver_cdev, .number = number };
	snprintf(spec->path, sizeof(spec->path), sim ? "s%u" : "/dev/gpiochip%u", number);
	return 0;
}

bool chip_spec_same(const struct chip_spec *a, const struct chip_spec *b)
{
	return a->driver == &chip_driver_cdev && b->driver == &chip_driver_cdev && a->number == b->number;
}

int chip_probe(const struct chip_spec *spec, struct chip_found *found, char *why, size_t why_size)
{
	int ret;

	*found = (struct chip_found){ .fd = -1 };
	ret = spec->driver->probe(spec, found, why, why_size);
	if (ret < 0)
		return ret;
	if (found->n_lines == 0 || found->n_lines > CHIP_LINES_MAX) {
		snprintf(why, why_size, found->n_lines == 0 ? "has no lines" : "has more than %d lines",
			 CHIP_LINES_MAX);
		fd_close(&found->fd);
		ret = -ERANGE;
	}
	return ret;
}

int chip_attach(const struct chip_spec *spec, const struct chip_found *found, void *state, const struct chip_host *host,
		struct chip **chip)
{
	int ret = spec->driver->attach(spec, found, state, host, chip);

	if (ret == 0)
		(*chip)->spec = spec;
	return ret;
}

bool chip_is_gone(const struct chip_spec *spec, const struct chip_found *found)
{
	return spec->driver->is_gone && spec->driver->is_gone(found);
}

int chip_find_again(const struct chip_spec *spec, const struct chip_found *found, const char *path, int *fd)
{
	struct chip_spec there = *spec;
	struct chip_found again;
	char why[80];
	int ret;

	if (strlen(path) >= sizeof(there.path))
		return -ENAMETOOLONG;
	snprintf(there.path, sizeof(there.path), "%s", path);
	ret = chip_probe(&there, &again, why, sizeof(why));
	if (ret < 0)
		return ret;
	if (again.n_lines != found->n_lines || strcmp(again.label, found->label) != 0) {
		fd_close(&again.fd);
		return -ENODEV;
	}
	*fd = again.fd;
	return 0;
}

void chip_replace_fd(struct chip *chip, int fd)
{
	if (chip->driver->replace_fd)
		chip->driver->replace_fd(chip, fd);
}

const char *chip_path(const struct chip *chip)
{
	return chip->spec ? chip->spec->path : chip->driver->name;
}

void chip_detach(struct chip *chip)
{
	if (chip)
		chip->driver->detach(chip);
}

unsigned chip_n_lines(const struct chip *chip)
{
	return chip->n_lines;
}

int chip_line_info(struct chip *chip, unsigned offset, struct chip_line_info *info)
{
	return chip->driver->line_info(chip, offset, info);
}

int chip_configure(struct chip *chip, unsigned offset, const struct chip_line_config *config)
{
	return chip->driver->configure(chip, offset, config);
}

int chip_adopt(struct chip *chip, unsigned offset, const struct chip_line_config *config, int fd)
{
	return chip->driver->adopt(chip, offset, config, fd);
}

void chip_release(struct chip *chip, unsigned offset)
{
	chip->driver->release(chip, offset);
}

void chip_settle(struct chip *chip)
{
	if (chip->driver->settle)
		chip->driver->settle(chip);
}

int chip_get(struct chip *chip, unsigned offset)
{
	return chip->driver->get(chip, offset);
}

int chip_set(struct chip *chip, unsigned offset, uint8_t value)
{
	return chip->driver->set(chip, offset, value);
}
