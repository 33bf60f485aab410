/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Connections to a listening socket, also when there is no fd left for one. */
#include "service/accept.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define PAUSE_MS 1

int accept_throttled(int listen_fd, int flags, struct log_limit *limit, const char *tag)
{
	int fd = accept4(listen_fd, NULL, NULL, flags);

	if (fd >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return fd;
	log_limited(limit, LOG_LEVEL_WARNING, tag, "accept: %s", strerror(errno));
	poll(NULL, 0, PAUSE_MS);
	return -1;
}
