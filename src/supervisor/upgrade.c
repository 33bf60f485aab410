/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* SIGUSR2: the program is run anew. */
#include "supervisor/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "handover/handover.h"
#include "loop/timer.h"
#include "process/child.h"
#include "process/fork_sync.h"

#define TAG	       "upgrade"
#define DELETED	       " (deleted)"
#define ASK_TIMEOUT_NS (3ull * 1000 * 1000 * 1000)

static bool file_same(const char *a, const char *b)
{
	struct stat sta, stb;

	return stat(a, &sta) == 0 && stat(b, &stb) == 0 && sta.st_dev == stb.st_dev && sta.st_ino == stb.st_ino;
}

/* The name that it was called by, when that is a whole one: a link may lead to the new program. Else what the kernel says. */
static void path_find(struct program *program, const char *called)
{
	static const char self[] = "/proc/self/exe";
	ssize_t len;
	size_t suffix = strlen(DELETED);

	if (called && called[0] == '/' && strlen(called) < sizeof(program->path) && file_same(called, self)) {
		snprintf(program->path, sizeof(program->path), "%s", called);
		return;
	}
	len = readlink(self, program->path, sizeof(program->path) - 1);
	program->path[len > 0 ? len : 0] = '\0';
	if (len > (ssize_t)suffix && strcmp(program->path + len - suffix, DELETED) == 0)
		program->path[(size_t)len - suffix] = '\0';
}

int program_note(struct program *program, int argc, char **argv)
{
	size_t n = 0;

	*program = (struct program){ .argv = argv, .argc = argc };
	path_find(program, argv[0]);
	while (environ[n])
		n++;
	/* One entry more, for the image. unsetenv() moves the entries, not the words. */
	program->envp = calloc(n + 2, sizeof(*program->envp));
	if (!program->envp)
		return -ENOMEM;
	memcpy(program->envp, environ, n * sizeof(*environ));
	return 0;
}

void program_forget(struct program *program)
{
	free(program->envp);
	program->envp = NULL;
}

void upgrade_init(struct upgrade *upgrade, const struct program *program, struct loop *loop,
		  const sigset_t *signals_own, const struct upgrade_ops *ops, void *ctx)
{
	*upgrade = (struct upgrade){
		.program = program, .loop = loop, .signals_own = signals_own, .ops = ops, .ctx = ctx
	};
}

static void __attribute__((noreturn)) asked_life(const struct upgrade *upgrade, const struct record_writer *image)
{
	const struct program *program = upgrade->program;
	char **argv = calloc((size_t)program->argc + 2, sizeof(*argv));
	char word[48];
	int none = -1, fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Before the other program is loaded, which may last: meanwhile no line could be given back (fork_sync.h). */
	child_keep_fds(&none, 1);
	sigprocmask(SIG_SETMASK, upgrade->signals_own, NULL);
	fd = handover_memfd(image);
	if (!argv || fd < 0)
		_exit(1);
	snprintf(word, sizeof(word), "--can-take-over=%d", fd);
	argv[0] = program->argv[0];
	argv[1] = word;
	for (int i = 1; i < program->argc; i++)
		argv[i + 1] = program->argv[i];
	execve(program->path, argv, program->envp);
	log_error(TAG, "%s: %s", program->path, strerror(errno));
	_exit(127);
}

static void ask_timed_out(struct loop_timer *timer)
{
	struct upgrade *upgrade = container_of(timer, struct upgrade, timer);

	loop_timer_del(timer);
	kill(upgrade->pid, SIGKILL); /* upgrade_reap() does the rest */
}

static pid_t asked_start(const struct upgrade *upgrade, const struct record_writer *image)
{
	struct fork_sync sync;
	pid_t pid;

	fork_sync_begin(&sync);
	pid = fork();
	if (pid == 0)
		asked_life(upgrade, image);
	fork_sync_wait(&sync);
	return pid < 0 ? -errno : pid;
}

void upgrade_request(struct upgrade *upgrade)
{
	const struct program *program = upgrade->program;
	struct record_writer image;
	pid_t pid;

	if (upgrade->pid > 0) {
		upgrade->retry = true;
		return;
	}
	upgrade->retry = upgrade->stale = false;
	if (!program->path[0]) {
		log_error(TAG, "cannot find out the path of the program (is /proc mounted?): going on as before");
		return;
	}
	pid = upgrade->ops->image(upgrade->ctx, &image);
	if (pid == 0)
		pid = asked_start(upgrade, &image);
	record_writer_deinit(&image);
	if (pid < 0) {
		log_error(TAG, "cannot start a process: %s: going on as before", strerror(-pid));
		return;
	}
	upgrade->pid = pid;
	if (loop_timer_set(upgrade->loop, &upgrade->timer, ASK_TIMEOUT_NS, 0, ask_timed_out) < 0)
		kill(pid, SIGKILL);
}

void upgrade_reap(struct upgrade *upgrade)
{
	int status;

	if (upgrade->pid == 0 || waitpid(upgrade->pid, &status, WNOHANG) != upgrade->pid)
		return;
	upgrade->pid = 0;
	loop_timer_del(&upgrade->timer);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !upgrade->stale) {
		upgrade->ops->agreed(upgrade->ctx);
		return;
	}
	if (upgrade->retry || upgrade->stale) {
		upgrade_request(upgrade);
		return;
	}
	log_error(TAG, "%s cannot take over (%s %d): going on as before", upgrade->program->path,
		  WIFEXITED(status) ? "exit status" : "killed by signal",
		  WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

void upgrade_cancel(struct upgrade *upgrade)
{
	loop_timer_del(&upgrade->timer);
	if (upgrade->pid <= 0)
		return;
	kill(upgrade->pid, SIGKILL);
	waitpid(upgrade->pid, NULL, 0);
	upgrade->pid = 0;
}

/* Which of our fds the new program gets: those of the image. */
static void fds_pass(const struct handover_lists *lists, bool pass)
{
	for (size_t i = 0; i < lists->n_fds; i++)
		fcntl((int)le32_get(lists->fds[i].fd), F_SETFD, pass ? 0 : FD_CLOEXEC);
}

int upgrade_exec(const struct program *program, const struct record_writer *image)
{
	struct handover_lists lists;
	char variable[sizeof(HANDOVER_VARIABLE) + 16];
	size_t last = 0;
	int fd, ret;

	ret = handover_open(&lists, image->bytes, image->size);
	if (ret < 0)
		return ret;
	fd = handover_memfd(image);
	if (fd < 0)
		return fd;
	snprintf(variable, sizeof(variable), HANDOVER_VARIABLE "=%d", fd);
	while (program->envp[last])
		last++;
	program->envp[last] = variable;
	fds_pass(&lists, true);
	execve(program->path, program->argv, program->envp);
	ret = -errno;
	fds_pass(&lists, false);
	program->envp[last] = NULL;
	fd_close(&fd);
	return ret;
}
