/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Attaching strace, and reading its summary. */
#include "syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "figure.h"
#include "proc.h"
#include "wait.h"

#define ATTACH_MS 3000

static bool is_traced(void *ctx)
{
	return proc_status(*(pid_t *)ctx, "TracerPid") != 0;
}

static void __attribute__((noreturn)) run_strace(const char *report, pid_t pid)
{
	char number[16];
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDERR_FILENO);
	snprintf(number, sizeof(number), "%d", (int)pid);
	execlp("strace", "strace", "-c", "-f", "-o", report, "-p", number, (char *)NULL);
	_exit(127);
}

bool syscalls_start(struct syscalls *syscalls, pid_t pid)
{
	int fd;

	strcpy(syscalls->path, "/tmp/vgpio-strace-XXXXXX");
	fd = mkstemp(syscalls->path);
	if (fd < 0)
		failure("%s: %s", syscalls->path, strerror(errno));
	close(fd);
	syscalls->strace = fork();
	if (syscalls->strace < 0)
		failure("fork: %s", strerror(errno));
	if (syscalls->strace == 0)
		run_strace(syscalls->path, pid);
	if (wait_for(is_traced, &pid, ATTACH_MS))
		return true;
	kill(syscalls->strace, SIGKILL);
	waitpid(syscalls->strace, NULL, 0);
	unlink(syscalls->path);
	return false;
}

/* "% time  seconds  usecs/call  calls  [errors]  syscall": prints the row; its calls, 0 for other lines. */
static unsigned long row_print(const char *name, char *line, unsigned requests, const char *unit)
{
	char *words[6], full[128];
	unsigned n = 0;
	unsigned long calls;

	for (char *word = strtok(line, " \n"); word && n < 6; word = strtok(NULL, " \n"))
		words[n++] = word;
	if (n < 5 || strcmp(words[n - 1], "total") == 0)
		return 0;
	calls = strtoul(words[3], NULL, 10);
	snprintf(full, sizeof(full), "%s/%s", name, words[n - 1]);
	if (calls)
		figure_print(full, (double)calls / requests, unit, 0, NULL);
	return calls;
}

void syscalls_stop(struct syscalls *syscalls, const char *name, unsigned requests, const char *unit)
{
	unsigned long total = 0;
	char line[256], full[128];
	FILE *file;

	kill(syscalls->strace, SIGINT);
	waitpid(syscalls->strace, NULL, 0);
	file = fopen(syscalls->path, "re");
	if (!file)
		failure("%s: %s", syscalls->path, strerror(errno));
	while (fgets(line, sizeof(line), file))
		total += row_print(name, line, requests, unit);
	fclose(file);
	unlink(syscalls->path);
	snprintf(full, sizeof(full), "%s/all", name);
	figure_print(full, (double)total / requests, unit, total ? (double)total / requests / 2 : 0, "wait and call");
}
