/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The gate is a pipe: its end comes when the new process has closed what it inherited. */
#include "process/fork_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/fd.h"

#define GATE_MS 3000 /* a machine that is busy gives a new process the processor late */

void fork_gate_open(struct fork_gate *gate)
{
	if (pipe2(gate->fds, O_CLOEXEC) < 0)
		gate->fds[0] = gate->fds[1] = -1;
}

void fork_gate_pass(struct fork_gate *gate)
{
	struct pollfd pfd = { .fd = gate->fds[0] }; /* POLLHUP is always told */

	fd_close(&gate->fds[1]);
	while (pfd.fd >= 0 && poll(&pfd, 1, GATE_MS) < 0 && errno == EINTR)
		;
	fd_close(&gate->fds[0]);
}
