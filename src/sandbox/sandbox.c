/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The sandbox of the processes that read what peers send.
 *
 * A worker needs nothing but its fds: lines, session, sockets, and what a front-end hands over. It opens nothing, starts
 * nothing, and knows no path. So whoever takes it over, by a message or a ring, is to find nothing else. Each stage
 * would do alone for most of that, and stands there for the day on which another one has a hole:
 *
 *   no new privileges   no file that is executed gives any. Needed for the stages below, too.
 *   user                where the daemon was started as root and there is a user for it: files, processes and limits of
 *                       that user, who owns nothing. The supervisor stays who it is: it opens chips that come back.
 *   namespace           a user namespace: in it, the stages below need no privilege of the host.
 *   network, ipc        empty: no interface, not even loopback; no abstract socket, no System V object, no queue.
 *   root                an empty file system, read-only. What a process has open stays open.
 *   limits              no other process, no locked memory, no queues; a bound for fds.
 *   landlock            no file, TCP port, abstract socket and no signal to others: in the kernel's own words, and also
 *                       where the three stages before are not allowed.
 *   capabilities        none, also not in the namespace, and none that could come back.
 *   system calls        a list of those that the process makes (seccomp.c); any other one ends it.
 *
 * The order: what gives power up comes after what needs it. Changing the user comes before the namespace, whose owner it
 * must be; capabilities are kept until everything was entered; the filter is last and allows none of the calls that
 * went before.
 *
 * The four namespaces are made once, by a process that the supervisor forks at its start (namespaces.c), and are only
 * entered afterwards. A worker that made its own would start and, above all, end some 10 ms later: the kernel
 * waits when it takes a mount or network namespace down. They hold nothing, so there is nothing in sharing them. The
 * filter's program is also made once. Entering takes less than a millisecond, which a front-end waits after a crash.
 *
 * A stage that worked at the start and does not in a later process ends that one: no process has less than the log says.
 *
 * Left out: RLIMIT_AS and RLIMIT_DATA (a guest's memory is as large as it is; what this program allocates has bounds in
 * its code), RLIMIT_FSIZE (the log may be a large file), a PID namespace (there is no call left that takes a PID).
 *
 * The supervisor, which reads no peer's byte, keeps the capabilities that it needs (privilege.c), no new
 * privileges, and no filter: it must be able to run another program in its place, which would inherit it.
 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "sandbox/stage.h"

/* Standard input and output may be somebody's terminal. The log stays. */
static void terminal_forget(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	close(fd);
}

int sandbox_enter(const struct sandbox *sandbox, const struct sandbox_params *params)
{
	if (sandbox->mode != SANDBOX_OFF)
		terminal_forget();
	for (unsigned stage = 0; stage < SANDBOX_STAGES; stage++) {
		int ret;

		if (!sandbox_has(sandbox, stage))
			continue;
		ret = sandbox_stage_enter(sandbox, params, stage);
		if (ret < 0) {
			log_error(params->tag, "sandbox: %s: %s", sandbox_stage_name(stage), strerror(-ret));
			return ret;
		}
	}
	return 0;
}

void sandbox_deinit(struct sandbox *sandbox)
{
	for (size_t i = 0; i < SANDBOX_NAMESPACES; i++)
		fd_close(&sandbox->namespace_fds[i]);
	for (size_t i = 0; i < SANDBOX_ROLES; i++) {
		free(sandbox->filters[i].filter);
		sandbox->filters[i] = (struct sock_fprog){ .len = 0 };
	}
	sandbox->stages = 0;
}
