/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* pidfd_getfd(2) of everything that /proc/PID/fd calls a line of gpiolib. */
#include "line_fds.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"

static bool is_line(const char *dir, const char *name)
{
	char path[320], target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	return strcmp(target, "anon_inode:gpio-line") == 0;
}

void line_fds_copy(struct line_fds *copies, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct dirent *entry;
	char dir[32];
	DIR *open;

	copies->n = 0;
	snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	open = opendir(dir);
	if (pidfd < 0 || !open)
		failure("%s: %s", dir, strerror(errno));
	while ((entry = readdir(open))) {
		if (!is_line(dir, entry->d_name))
			continue;
		if (copies->n == LINE_FDS_MAX)
			failure("process %d holds more than %d lines", (int)pid, LINE_FDS_MAX);
		copies->fds[copies->n] = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name), 0);
		if (copies->fds[copies->n++] < 0)
			failure("pidfd_getfd: %s", strerror(errno));
	}
	closedir(open);
	close(pidfd);
}

void line_fds_close(struct line_fds *copies)
{
	while (copies->n > 0)
		close(copies->fds[--copies->n]);
}
