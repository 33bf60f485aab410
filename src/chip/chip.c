/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From the chip interface to the functions of the driver. */
#include "chip/chip.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "chip/chip_spec.h"
#include "chip/driver.h"

int chip_probe(const struct chip_spec *spec, struct chip_found *found, struct why *why)
{
	int ret;

	*found = (struct chip_found){ .fd = -1 };
	ret = spec->driver->probe(spec, found, why);
	if (ret < 0)
		return ret;
	found->state_size = chip_state_size(spec, found->n_lines);
	if (found->n_lines == 0 || found->n_lines > CHIP_LINES_MAX) {
		fd_close(&found->fd);
		ret = why_fail(ERANGE, why, found->n_lines == 0 ? "has no lines" : "has more than %d lines",
			       CHIP_LINES_MAX);
	}
	return ret;
}

size_t chip_state_size(const struct chip_spec *spec, unsigned n_lines)
{
	return spec->driver->line_state ? n_lines * spec->driver->line_state->stride : 0;
}

bool chip_found_same(const struct chip_found *a, const struct chip_found *b)
{
	return a->rdev != 0 && a->rdev == b->rdev;
}

int chip_found_line_info(const struct chip_spec *spec, const struct chip_found *found, unsigned offset,
			 struct chip_line_info *info)
{
	return spec->driver->found_line_info(found, offset, info);
}

int chip_request_line(const struct chip_spec *spec, const struct chip_found *found, unsigned offset,
		      const char *consumer, const struct chip_line_config *config, int *fd)
{
	*fd = -1;
	return spec->driver->request_line ? spec->driver->request_line(found, offset, consumer, config, fd) : 0;
}

int chip_reconfigure_line(const struct chip_spec *spec, int fd, const struct chip_line_config *config)
{
	return spec->driver->reconfigure_line ? spec->driver->reconfigure_line(fd, config) : 0;
}

int chip_try_settings(const struct chip_spec *spec, const struct chip_found *found, unsigned offset,
		      const char *consumer, const struct chip_line_settings *settings)
{
	return spec->driver->try_settings ? spec->driver->try_settings(found, offset, consumer, settings) : 0;
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

int chip_find_replugged(const struct chip_spec *spec, const struct chip_found *found, const char *path,
			struct chip_found *now)
{
	struct chip_spec there;
	struct why why;
	int ret = chip_spec_path(path, &there);

	if (ret < 0)
		return ret;
	if (!spec->driver->is_gone)
		return -ENODEV;
	there.driver = spec->driver;
	ret = chip_probe(&there, now, &why);
	if (ret < 0)
		return ret;
	if (now->n_lines == found->n_lines && strcmp(now->label, found->label) == 0)
		return 0;
	fd_close(&now->fd);
	return -ENODEV;
}

void chip_replugged(struct chip *chip)
{
	if (chip->driver->replugged)
		chip->driver->replugged(chip);
}

/* Whose line it is, and its number there. */
static struct chip *member_of(const struct chip *chip, unsigned *offset)
{
	return chip->driver->member ? chip->driver->member(chip, offset) : (struct chip *)chip;
}

void chip_line_where(const struct chip *chip, unsigned offset, char *text, size_t size)
{
	chip = member_of(chip, &offset);
	snprintf(text, size, "%s line %u", chip->spec ? chip->spec->path : chip->driver->name, offset);
}

bool chip_is_simulated(const struct chip *chip, unsigned offset)
{
	return member_of(chip, &offset)->driver->outside_level;
}

int chip_outside_level(const struct chip *chip, unsigned offset)
{
	chip = member_of(chip, &offset);
	return chip->driver->outside_level ? chip->driver->outside_level(chip, offset) : -EPERM;
}

int chip_outside_drive(struct chip *chip, unsigned offset, bool level)
{
	chip = member_of(chip, &offset);
	return chip->driver->outside_drive ? chip->driver->outside_drive(chip, offset, level) : -EPERM;
}

int chip_outside_pull(struct chip *chip, unsigned offset, enum chip_pull pull)
{
	chip = member_of(chip, &offset);
	return chip->driver->outside_pull ? chip->driver->outside_pull(chip, offset, pull) : -EPERM;
}

void chip_wire_end(const struct chip *chip, unsigned offset, struct chip_wire_end *end)
{
	chip = member_of(chip, &offset);
	*end = (struct chip_wire_end){ .drives = 0 };
	if (chip->driver->wire_end)
		chip->driver->wire_end(chip, offset, end);
}

void chip_wire(struct chip *chip, unsigned offset, uint8_t wired)
{
	chip = member_of(chip, &offset);
	if (chip->driver->wire)
		chip->driver->wire(chip, offset, wired);
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
	chip = member_of(chip, &offset);
	return chip->driver->line_info(chip, offset, info);
}

int chip_configure(struct chip *chip, unsigned offset, const struct chip_line_config *config)
{
	chip = member_of(chip, &offset);
	return chip->driver->configure(chip, offset, config);
}

int chip_adopt(struct chip *chip, unsigned offset, const struct chip_line_config *config, int fd)
{
	chip = member_of(chip, &offset);
	return chip->driver->adopt(chip, offset, config, fd);
}

void chip_release(struct chip *chip, unsigned offset)
{
	chip = member_of(chip, &offset);
	chip->driver->release(chip, offset);
}

void chip_settle(struct chip *chip)
{
	if (chip->driver->settle)
		chip->driver->settle(chip);
}

int chip_get(struct chip *chip, unsigned offset)
{
	chip = member_of(chip, &offset);
	return chip->driver->get(chip, offset);
}

int chip_set(struct chip *chip, unsigned offset, uint8_t value)
{
	chip = member_of(chip, &offset);
	return chip->driver->set(chip, offset, value);
}
