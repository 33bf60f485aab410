/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* By /proc/PID/stat: its state, and whether it has its memory still. */
#include "process/after_kill.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

bool after_kill_only_waits(pid_t pid)
{
	char path[32], text[512], state;
	const char *fields;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	fd_close(&fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	/* Behind the name, which may hold anything: the state is the first field, the size of the memory the 21st. */
	fields = strrchr(text, ')');
	if (!fields || len - (fields - text) < 3)
		return false;
	state = fields[2];
	for (unsigned i = 0; i < 21 && fields; i++)
		fields = strchr(fields + 1, ' ');
	if (!fields)
		return false;
	return state == 'D' || (strtoull(fields, NULL, 10) == 0 && state != 'Z' && state != 'X');
}
