/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* By /proc/PID/stat: its state, and whether it has its memory still. */
#include "process/after_kill.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

bool after_kill_only_waits(pid_t pid)
{
	char path[32], text[512], state;
	unsigned long long memory;
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
	if (!fields ||
	    sscanf(fields, ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
		   &state, &memory) != 2)
		return false;
	return state == 'D' || (memory == 0 && state != 'Z' && state != 'X');
}
