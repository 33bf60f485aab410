/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* File descriptor helpers. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void fd_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		/* Not tried again after EINTR: Linux has closed it then. */
		close(*fd);
		errno = saved;
	}
	*fd = -1;
}

int fd_steal(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

int fd_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	if (flags & O_NONBLOCK)
		return 0;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

bool fd_is_file(int fd)
{
	struct statx st;

	/* Not every C library has the call. */
	return syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 &&
	       (S_ISREG(st.stx_mode) || S_ISDIR(st.stx_mode) || S_ISBLK(st.stx_mode));
}
