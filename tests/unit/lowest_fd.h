/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lowest free fd: before a test and after it the same, unless something stayed open. */
#pragma once

#include <fcntl.h>
#include <unistd.h>

static inline int lowest_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}
