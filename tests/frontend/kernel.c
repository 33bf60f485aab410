/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The ioctls of linux/gpio.h. */
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "failure.h"
#include "wait.h"

int kernel_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		failure("%s: %s", path, strerror(errno));
	return fd;
}

struct gpio_v2_line_info kernel_line(int fd, unsigned line)
{
	struct gpio_v2_line_info info = { .offset = line };

	if (ioctl(fd, GPIO_V2_GET_LINEINFO_IOCTL, &info) < 0)
		failure("line info: %s", strerror(errno));
	return info;
}

struct line_wanted {
	int fd;
	unsigned line;
	bool used;
};

static bool line_is_as_wanted(void *ctx)
{
	const struct line_wanted *wanted = ctx;

	return !(kernel_line(wanted->fd, wanted->line).flags & GPIO_V2_LINE_FLAG_USED) == !wanted->used;
}

bool kernel_line_is_used(int fd, unsigned line, bool wanted)
{
	return wait_for(line_is_as_wanted, &(struct line_wanted){ fd, line, wanted }, WAIT_MS) ? wanted : !wanted;
}

void kernel_watch(int fd, unsigned line)
{
	struct gpio_v2_line_info info = { .offset = line };

	if (ioctl(fd, GPIO_V2_GET_LINEINFO_WATCH_IOCTL, &info) < 0)
		failure("line info watch: %s", strerror(errno));
}

struct kernel_changes kernel_changes(int fd)
{
	struct kernel_changes changes = { .requested = 0 };
	struct gpio_v2_line_info_changed change;
	bool first = true;

	/* The kernel may tell from a work queue. */
	while (wait_readable(fd, SILENT_MS) && read(fd, &change, sizeof(change)) == sizeof(change)) {
		if (first)
			changes.first_flags = change.info.flags;
		first = false;
		changes.requested += change.event_type == GPIO_V2_LINE_CHANGED_REQUESTED;
		changes.released += change.event_type == GPIO_V2_LINE_CHANGED_RELEASED;
		changes.configured += change.event_type == GPIO_V2_LINE_CHANGED_CONFIG;
	}
	return changes;
}

static int take(int fd, unsigned line, const char *consumer, __u64 flags)
{
	struct gpio_v2_line_request request = { .num_lines = 1, .config.flags = GPIO_V2_LINE_FLAG_INPUT | flags };

	request.offsets[0] = line;
	snprintf(request.consumer, sizeof(request.consumer), "%s", consumer);
	if (ioctl(fd, GPIO_V2_GET_LINE_IOCTL, &request) < 0)
		failure("line request: %s", strerror(errno));
	return request.fd;
}

int kernel_take(int fd, unsigned line, const char *consumer)
{
	return take(fd, line, consumer, 0);
}

int kernel_take_edges(int fd, unsigned line, const char *consumer)
{
	return take(fd, line, consumer, GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING);
}
