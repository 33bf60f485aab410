/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A chip of the kernel before it is in use: opened and checked, its lines looked at, requested and tried by a process
 * that serves no guest.
 */
#include "chip/cdev_found.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "chip/cdev_uapi.h"

static int probe_fail(int error, const char *words, struct why *why)
{
	return why_fail(-error, why, "%s", words ? words : strerror(-error));
}

static int probe_info(struct chip_found *found, struct why *why)
{
	struct gpiochip_info chip = { .lines = 0 };
	struct gpio_v2_line_info line = { .offset = 0 };
	int ret = cdev_ioctl(found->fd, GPIO_GET_CHIPINFO_IOCTL, &chip);

	if (ret < 0)
		return probe_fail(ret, ret == -ENOTTY ? "not a GPIO chip" : NULL, why);
	found->n_lines = chip.lines;
	cdev_name_from_uapi(chip.label, found->label);
	if (chip.lines == 0)
		return 0; /* chip_probe() says so */
	ret = cdev_ioctl(found->fd, GPIO_V2_GET_LINEINFO_IOCTL, &line);
	if (ret == -EINVAL || ret == -ENOTTY)
		return probe_fail(ret, "the kernel lacks GPIO uAPI v2 (Linux 5.10 or later is required)", why);
	return ret < 0 ? probe_fail(ret, NULL, why) : 0;
}

int cdev_found_probe(const struct chip_spec *spec, struct chip_found *found, struct why *why)
{
	struct stat node;
	int ret;

	/* The user may name anything: what is no device is not opened. */
	if (stat(spec->path, &node) < 0)
		return probe_fail(-errno, NULL, why);
	if (!S_ISCHR(node.st_mode))
		return probe_fail(-ENOTTY, "not a GPIO chip", why);
	found->fd = open(spec->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (found->fd < 0)
		return probe_fail(-errno, NULL, why);
	ret = fstat(found->fd, &node) < 0 ? probe_fail(-errno, NULL, why) : 0;
	found->rdev = node.st_rdev;
	if (ret == 0)
		ret = probe_info(found, why);
	if (ret < 0)
		fd_close(&found->fd);
	return ret;
}

bool cdev_found_is_gone(const struct chip_found *found)
{
	struct gpiochip_info info;

	return cdev_ioctl(found->fd, GPIO_GET_CHIPINFO_IOCTL, &info) == -ENODEV;
}

static int cdev_info(int fd, unsigned offset, struct chip_line_info *info)
{
	struct gpio_v2_line_info uapi = { .offset = offset };
	int ret = cdev_ioctl(fd, GPIO_V2_GET_LINEINFO_IOCTL, &uapi);

	if (ret == 0)
		cdev_info_from_uapi(&uapi, info);
	return ret;
}

int cdev_found_line_info(const struct chip_found *found, unsigned offset, struct chip_line_info *info)
{
	return cdev_info(found->fd, offset, info);
}

static int line_request(const struct chip_found *found, struct gpio_v2_line_request *uapi, int *fd)
{
	int ret = cdev_ioctl(found->fd, GPIO_V2_GET_LINE_IOCTL, uapi);

	*fd = ret < 0 ? -1 : uapi->fd;
	return ret;
}

int cdev_found_request_line(const struct chip_found *found, unsigned offset, const char *consumer,
			    const struct chip_line_config *config, int *fd)
{
	struct gpio_v2_line_request uapi;

	cdev_request_to_uapi(offset, consumer, config, &uapi);
	return line_request(found, &uapi, fd);
}

/* The configuration that leaves the wire alone. False: there is none, or nothing that the chip could refuse. */
static bool try_config(int chip_fd, int line_fd, unsigned offset, const struct chip_line_settings *settings,
		       struct chip_line_config *config)
{
	struct gpio_v2_line_values values = { .mask = CDEV_LINE_BIT };
	struct chip_line_info info = { .direction = CHIP_DIRECTION_IN };
	bool level;

	if (cdev_info(chip_fd, offset, &info) < 0)
		return false;
	*config = (struct chip_line_config){ .direction = info.direction, .settings = *settings };
	if (info.direction == CHIP_DIRECTION_IN)
		return true;
	if (!line_settings_refusable(settings, true) || cdev_ioctl(line_fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0)
		return false;
	level = values.bits & CDEV_LINE_BIT;
	config->value = level != settings->active_low;
	/* An emulated open-drain output is an input while it is high, and would stay one. */
	return settings->drive != (level ? CHIP_DRIVE_OPEN_DRAIN : CHIP_DRIVE_OPEN_SOURCE);
}

int cdev_found_try_settings(const struct chip_found *found, unsigned offset, const char *consumer,
			    const struct chip_line_settings *settings)
{
	struct chip_line_config config;
	struct gpio_v2_line_request request;
	int fd, ret;

	if (!line_settings_refusable(settings, false))
		return 0;
	cdev_request_as_is_to_uapi(offset, consumer, &request);
	ret = line_request(found, &request, &fd);
	if (ret < 0)
		return ret;
	if (try_config(found->fd, fd, offset, settings, &config))
		ret = cdev_reconfigure(fd, &config);
	fd_close(&fd);
	return ret;
}
