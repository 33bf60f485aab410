/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Starting, watching and ending the program under test. */
#include "daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "proc.h"
#include "wait.h"

#define CHILDREN_MAX 32

static const char *program(void)
{
	const char *path = getenv("VHOST_DEVICE_GPIO");

	if (!path)
		failure("VHOST_DEVICE_GPIO is not set");
	return path;
}

static void __attribute__((noreturn)) run(const struct daemon *daemon, const char *path, const char *const *words)
{
	const char *argv[32] = { path };
	const char *sandbox = getenv("TEST_SANDBOX");
	unsigned n = 1;
	char word[32], log[64];
	int fd;

	daemon_log_path(daemon, log, sizeof(log));
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || close(fd) < 0)
		_exit(126);
	/* A test that dies takes the program along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sandbox) {
		snprintf(word, sizeof(word), "--sandbox=%s", sandbox);
		argv[n++] = word;
	}
	while (*words && n + 1 < sizeof(argv) / sizeof(argv[0]))
		argv[n++] = *words++;
	execv(path, (char **)(uintptr_t)argv);
	_exit(127);
}

static void make_dir(struct daemon *daemon)
{
	if (daemon->dir[0])
		return;
	snprintf(daemon->dir, sizeof(daemon->dir), "/tmp/vgpio-XXXXXX");
	if (!mkdtemp(daemon->dir))
		failure("%s: %s", daemon->dir, strerror(errno));
}

void daemon_spawn(struct daemon *daemon, const char *const *words)
{
	const char *path = program();

	make_dir(daemon);
	daemon->pid = fork();
	if (daemon->pid < 0)
		failure("fork: %s", strerror(errno));
	if (daemon->pid == 0)
		run(daemon, path, words);
}

static bool is_gone(void *ctx)
{
	struct daemon *daemon = ctx;
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)daemon->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return true;
	return info.si_pid == daemon->pid;
}

int daemon_wait(struct daemon *daemon)
{
	pid_t pid = daemon->pid;
	int status;

	if (pid == 0)
		return 0;
	if (!wait_for(is_gone, daemon, WAIT_MS)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		daemon->pid = 0;
		failure("the program does not end");
	}
	waitpid(pid, &status, 0);
	daemon->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A worker that is not quiet may have fds that are not its own yet. */
static bool is_attached(pid_t worker)
{
	return worker != 0 && proc_is_serving(worker);
}

/* The workers and the control process. */
static bool children_attached(const struct daemon *daemon)
{
	pid_t children[CHILDREN_MAX];
	unsigned n = proc_children(daemon->pid, children, CHILDREN_MAX);

	for (unsigned i = 0; i < n; i++)
		if (!is_attached(children[i]))
			return false;
	return n > daemon->n_guests;
}

static bool all_listen(void *ctx)
{
	struct daemon *daemon = ctx;

	if (is_gone(daemon))
		return true;
	for (unsigned i = 0; i < daemon->n_guests; i++)
		if (!is_attached(daemon_worker(daemon, i)))
			return false;
	return children_attached(daemon) && access(daemon->control, F_OK) == 0;
}

static unsigned count_devices(const char *device_list)
{
	unsigned n = 1;

	for (; *device_list; device_list++)
		n += *device_list == ':';
	return n;
}

/* Fresh, with names of sockets for that many guests. */
static void daemon_init(struct daemon *daemon, unsigned n_guests)
{
	if (n_guests > DAEMON_GUESTS_MAX)
		failure("too many guests");
	*daemon = (struct daemon){ .n_guests = n_guests };
	make_dir(daemon);
	snprintf(daemon->control, sizeof(daemon->control), "%s/control", daemon->dir);
	for (unsigned i = 0; i < n_guests; i++)
		snprintf(daemon->sockets[i], sizeof(daemon->sockets[i]), "%s/gpio%u", daemon->dir, i);
}

static void start(struct daemon *daemon, const char *const *words)
{
	daemon_spawn(daemon, words);
	if (!wait_for(all_listen, daemon, WAIT_MS) || is_gone(daemon)) {
		daemon_show_log(daemon);
		failure("the program does not serve");
	}
	for (unsigned i = 0; i < daemon->n_guests; i++)
		daemon->workers[i] = daemon_worker(daemon, i);
}

static const char *log_level(void)
{
	const char *level = getenv("TEST_LOG_LEVEL");

	return level ? level : "info";
}

void daemon_start(struct daemon *daemon, const char *device_list)
{
	char path[64], count[8];
	const char *words[] = { "-s",	       path,	    "-c",	 count,
				"-l",	       device_list, "--control", daemon->control,
				"--log-level", log_level(), NULL };

	daemon_init(daemon, count_devices(device_list));
	snprintf(path, sizeof(path), "%s/gpio", daemon->dir);
	snprintf(count, sizeof(count), "%u", daemon->n_guests);
	start(daemon, words);
}

void daemon_start_guests(struct daemon *daemon, const char *const *guests, const char *option)
{
	char texts[DAEMON_GUESTS_MAX][DAEMON_GUEST_TEXT_MAX];
	const char *words[2 * DAEMON_GUESTS_MAX + 6];
	unsigned n = 0, n_words = 0;

	while (guests[n])
		n++;
	daemon_init(daemon, n);
	for (unsigned i = 0; i < n; i++) {
		snprintf(texts[i], sizeof(texts[i]), "socket=%s,%s", daemon->sockets[i], guests[i]);
		words[n_words++] = "--guest";
		words[n_words++] = texts[i];
	}
	words[n_words++] = "--control";
	words[n_words++] = daemon->control;
	words[n_words++] = "--log-level";
	words[n_words++] = log_level();
	words[n_words++] = option;
	words[n_words] = NULL;
	start(daemon, words);
}

static void remove_dir(const struct daemon *daemon)
{
	DIR *dir = opendir(daemon->dir);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(daemon->dir);
}

int daemon_stop(struct daemon *daemon)
{
	int status;

	if (daemon->pid)
		kill(daemon->pid, SIGTERM);
	status = daemon_wait(daemon);
	if (daemon->dir[0])
		remove_dir(daemon);
	daemon->dir[0] = '\0';
	return status;
}

/* A process just forked has all listeners for a moment: only one that has closed the others knows its place. */
static bool serves_only(const struct daemon *daemon, pid_t pid, unsigned guest)
{
	for (unsigned i = 0; i < daemon->n_guests; i++)
		if (proc_listens(pid, daemon->sockets[i]) != (i == guest))
			return false;
	return !proc_listens(pid, daemon->control);
}

pid_t daemon_worker(const struct daemon *daemon, unsigned guest)
{
	pid_t children[CHILDREN_MAX];
	unsigned n = proc_children(daemon->pid, children, CHILDREN_MAX);

	for (unsigned i = 0; i < n; i++)
		if (proc_alive(children[i]) && serves_only(daemon, children[i], guest))
			return children[i];
	return 0;
}

bool daemon_workers_same(const struct daemon *daemon)
{
	for (unsigned i = 0; i < daemon->n_guests; i++)
		if (daemon_worker(daemon, i) != daemon->workers[i])
			return false;
	return true;
}

static bool worker_left(void *ctx)
{
	char state = proc_state(*(pid_t *)ctx);

	return state == 'Z' || state == 'X';
}

struct successor_search {
	const struct daemon *daemon;
	unsigned guest;
	pid_t old, found;
};

static bool has_successor(void *ctx)
{
	struct successor_search *search = ctx;

	search->found = daemon_worker(search->daemon, search->guest);
	return is_attached(search->found) && search->found != search->old;
}

static pid_t successor_wait(const struct daemon *daemon, unsigned guest, pid_t old)
{
	struct successor_search search = { .daemon = daemon, .guest = guest, .old = old };

	if (!wait_for(has_successor, &search, WAIT_MS))
		failure("guest %u has no worker", guest);
	return search.found;
}

void daemon_kill_worker(struct daemon *daemon, unsigned guest)
{
	pid_t pid = successor_wait(daemon, guest, 0);

	kill(pid, SIGKILL);
	if (!wait_for(worker_left, &pid, WAIT_MS))
		failure("the worker survives SIGKILL");
}

void daemon_crash_loop(struct daemon *daemon, unsigned guest)
{
	unsigned before = daemon_logged(daemon, "session dropped");
	pid_t pid = daemon_wait_worker(daemon, guest, 0);

	while (daemon_logged(daemon, "session dropped") == before) {
		kill(pid, SIGABRT);
		pid = daemon_wait_worker(daemon, guest, pid);
	}
}

pid_t daemon_wait_worker(struct daemon *daemon, unsigned guest, pid_t old)
{
	daemon->workers[guest] = successor_wait(daemon, guest, old);
	return daemon->workers[guest];
}
