/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a program writes to stdout. */
#include "base/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"

void output_init(void)
{
	/* The lowest number that is free is taken. One that cannot be written: who has closed stdout is told so. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR);
	}
}

bool output_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	error_print("standard output cannot be written");
	return false;
}
