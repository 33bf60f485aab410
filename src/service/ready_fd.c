/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* --ready-fd=N. */
#include "service/ready_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

int ready_fd_take(int fd, struct why *why)
{
	int flags;

	if (fd >= 0 && fd <= STDERR_FILENO)
		return why_fail(EINVAL, why, "fd %d is for standard input, output or errors", fd);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return why_fail(EBADF, why, "fd %d is not open", fd);
	if ((flags & O_PATH) || (flags & O_ACCMODE) == O_RDONLY)
		return why_fail(EBADF, why, "fd %d is not open for writing", fd);
	/* Cannot fail: the fd is open. */
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

void ready_fd_tell(int *fd)
{
	ssize_t written;

	if (*fd < 0)
		return;
	do {
		written = write(*fd, "\n", 1);
	} while (written < 0 && errno == EINTR);
	if (written < 0)
		log_warning("supervisor", "--ready-fd=%d: %s", *fd, strerror(errno));
	fd_close(fd);
}
