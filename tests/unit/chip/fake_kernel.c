/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A kernel with one GPIO chip, for the test of chip/cdev. */
#include "fake_kernel.h"

#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

struct fake_kernel kernel;

void kernel_boot(void)
{
	kernel = (struct fake_kernel){ .n_lines = KERNEL_LINES, .peer = -1 };
}

void kernel_halt(void)
{
	fd_close(&kernel.peer);
}

void kernel_events(const char *ids)
{
	for (; *ids; ids++) {
		struct gpio_v2_line_event event = { .offset = 2, .id = (uint32_t)*ids };

		if (*ids == 'r')
			event.id = GPIO_V2_LINE_EVENT_RISING_EDGE;
		else if (*ids == 'f')
			event.id = GPIO_V2_LINE_EVENT_FALLING_EDGE;
		assert_int_equal(write(kernel.peer, &event, sizeof(event)), sizeof(event));
	}
}

int __wrap_ioctl(int fd, unsigned long number, ...);

static int kernel_request(struct gpio_v2_line_request *request)
{
	int pair[2];

	if (kernel.requests + 1 == kernel.fail_request || request->offsets[0] + 1 == kernel.fail_line) {
		errno = kernel.fail_errno;
		return -1;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	fd_close(&kernel.peer);
	kernel.peer = pair[1];
	if (kernel.requests + 1 < (int)sizeof(kernel.offsets))
		kernel.offsets[kernel.requests] = (char)('0' + request->offsets[0] % 10);
	kernel.requests++;
	kernel.request = *request;
	kernel.config = request->config;
	request->fd = pair[0];
	return 0;
}

static int kernel_chip_info(int fd, struct gpiochip_info *info)
{
	struct stat node;

	assert_int_equal(fstat(fd, &node), 0);
	if (kernel.gone & (1 << minor(node.st_rdev) % 16)) {
		errno = ENODEV;
		return -1;
	}
	memset(info->label, 'L', sizeof(info->label)); /* without a terminator */
	if (kernel.labels[minor(node.st_rdev) % 16])
		snprintf(info->label, sizeof(info->label), "%s", kernel.labels[minor(node.st_rdev) % 16]);
	info->lines = kernel.n_lines;
	return 0;
}

static int kernel_line_info(struct gpio_v2_line_info *info)
{
	const char *name = kernel.lines[info->offset % 16].name, *holder = kernel.lines[info->offset % 16].holder;

	if (info->offset >= kernel.n_lines || info->offset + 1 == kernel.fail_offset) {
		errno = info->offset >= kernel.n_lines ? EINVAL : EIO;
		return -1;
	}
	kernel.infos++;
	snprintf(info->name, sizeof(info->name), "line %u", info->offset);
	if (name)
		snprintf(info->name, sizeof(info->name), "%s", name);
	snprintf(info->consumer, sizeof(info->consumer), "%s", holder ? holder : "somebody");
	info->flags = info->offset & 1 ? GPIO_V2_LINE_FLAG_OUTPUT : GPIO_V2_LINE_FLAG_INPUT;
	if ((holder || info->offset & 1) && (kernel.free_after == 0 || kernel.infos <= kernel.free_after))
		info->flags |= GPIO_V2_LINE_FLAG_USED;
	return 0;
}

static void kernel_note(char what)
{
	size_t len = strlen(kernel.journal);

	if (len + 1 < sizeof(kernel.journal))
		kernel.journal[len] = what;
}

int __wrap_ioctl(int fd, unsigned long number, ...)
{
	va_list args;
	void *argument;

	va_start(args, number);
	argument = va_arg(args, void *);
	va_end(args);
	if (kernel.eintr > 0) {
		kernel.eintr--;
		errno = EINTR;
		return -1;
	}
	if (number == kernel.fail_number) {
		errno = kernel.fail_errno;
		return -1;
	}
	switch (number) {
	case GPIO_GET_CHIPINFO_IOCTL:
		return kernel_chip_info(fd, argument);
	case GPIO_V2_GET_LINEINFO_IOCTL:
		kernel_note('I');
		return kernel_line_info(argument);
	case GPIO_V2_GET_LINE_IOCTL:
		kernel_note('R');
		return kernel_request(argument);
	case GPIO_V2_LINE_SET_CONFIG_IOCTL:
		kernel_note('C');
		kernel.config = *(struct gpio_v2_line_config *)argument;
		kernel.configs++;
		if (kernel.meanwhile)
			kernel_events(kernel.meanwhile);
		kernel.meanwhile = NULL;
		return 0;
	case GPIO_V2_LINE_GET_VALUES_IOCTL:
		kernel_note('G');
		assert_int_equal(((struct gpio_v2_line_values *)argument)->mask, 1);
		((struct gpio_v2_line_values *)argument)->bits = kernel.bits;
		return 0;
	case GPIO_V2_LINE_SET_VALUES_IOCTL:
		kernel_note('S');
		kernel.set = *(struct gpio_v2_line_values *)argument;
		return 0;
	default:
		fail();
		return -1;
	}
}
