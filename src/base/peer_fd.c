/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Closing what a peer sent. */
#include "base/peer_fd.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"

void peer_fd_close(int *fd)
{
	const struct linger none = { .l_onoff = 0 };
	int saved = errno;

	if (*fd < 0)
		return;
	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	errno = saved;
	fd_close(fd);
}
