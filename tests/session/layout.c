/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The layout of a session's memory, from the program's own header. */
#include "layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "vhost/state/session.h"

struct layout_piece layout_reconnect(void)
{
	size_t at = offsetof(struct session, reconnect.features);

	return (struct layout_piece){ at, sizeof(struct session) - at };
}

struct layout_piece layout_inflight(unsigned queue, unsigned ring_size)
{
	return (struct layout_piece){ sizeof(struct session) + queue * session_inflight_stride(),
				      inflight_packed_size(ring_size) };
}

int layout_open(pid_t supervisor)
{
	char dir[64], path[sizeof(dir) + 260], name[64] = "";
	const struct dirent *entry;
	int fd = -1;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)supervisor);
	fds = opendir(dir);
	while (fds && fd < 0 && (entry = readdir(fds))) {
		ssize_t n;

		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		n = readlink(path, name, sizeof(name) - 1);
		name[n > 0 ? n : 0] = '\0';
		if (strncmp(name, "/memfd:session", strlen("/memfd:session")) == 0)
			fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (fds)
		closedir(fds);
	if (fd < 0)
		failure("no session of process %d", (int)supervisor);
	return fd;
}
