/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* PTRACE_O_TRACEEXIT. */
#include "traced.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"

/* Other stops, of signals and of the first one below, are few. */
#define STOPS_MAX 20

pid_t traced_run(char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		raise(SIGSTOP);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, WUNTRACED) != pid ||
	    ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) < 0)
		failure("tracing %s: %s", argv[0], strerror(errno));
	kill(pid, SIGCONT);
	for (unsigned i = 0; i < STOPS_MAX; i++) {
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			break;
		if (status >> 16 == PTRACE_EVENT_EXIT)
			return pid;
		ptrace(PTRACE_CONT, pid, NULL, 0);
	}
	kill(pid, SIGKILL);
	failure("%s is not stopped at its end", argv[0]);
}

int traced_end(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_CONT, pid, NULL, 0) < 0 || waitpid(pid, &status, 0) != pid)
		failure("traced process %d: %s", (int)pid, strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
