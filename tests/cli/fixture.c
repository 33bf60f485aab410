/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The fixture of the command line tests. */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "gpio.h"
#include "proc.h"
#include "wait.h"

#define WORDS_MAX    2048
#define CHILDREN_MAX 1024

static char old_dir[256], dir[32];

static void dir_empty(void)
{
	DIR *open = opendir(".");
	struct dirent *entry;

	while (open && (entry = readdir(open))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlink(entry->d_name);
	}
	closedir(open);
}

static void on_failure(const char *text)
{
	fail_msg("%s", text);
}

int fixture_setup(void **state)
{
	failure_set_handler(on_failure);
	strcpy(dir, "/tmp/vgpio-cli-XXXXXX");
	return getcwd(old_dir, sizeof(old_dir)) && mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

int fixture_teardown(void **state)
{
	dir_empty();
	return chdir(old_dir) == 0 && rmdir(dir) == 0 ? 0 : -1;
}

struct run_how {
	const char *variable, *words;
	void (*prepare)(void *ctx);
	void *ctx;
};

static void __attribute__((noreturn)) run_exec(const struct run *run, const struct run_how *how)
{
	char *text = strdup(how->words), name[64];
	char *argv[WORDS_MAX + 1] = { getenv(how->variable) };
	int argc = 1;

	/* A test that dies takes the program along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	snprintf(name, sizeof(name), "%s.out", run->name);
	dup2(open(name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600), STDOUT_FILENO);
	snprintf(name, sizeof(name), "%s.err", run->name);
	dup2(open(name, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600), STDERR_FILENO);
	for (char *word = strtok(text, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	if (how->prepare)
		how->prepare(how->ctx);
	execv(argv[0], argv);
	_exit(127);
}

static void file_remove(const char *name, const char *suffix)
{
	char path[64];

	snprintf(path, sizeof(path), "%s.%s", name, suffix);
	unlink(path);
}

void run_start(struct run *run, const char *name, const char *variable, const char *words)
{
	run_start_with(run, name, variable, words, NULL, NULL);
}

void run_start_with(struct run *run, const char *name, const char *variable, const char *words,
		    void (*prepare)(void *ctx), void *ctx)
{
	const struct run_how how = { variable, words, prepare, ctx };

	*run = (struct run){ .name = name };
	/* What an earlier run wrote is not this one's. */
	file_remove(name, "out");
	file_remove(name, "err");
	if (!getenv(variable))
		fail_msg("%s is not set", variable);
	run->pid = fork();
	assert_true(run->pid >= 0);
	if (run->pid == 0)
		run_exec(run, &how);
}

bool run_has_ended(const struct run *run)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == run->pid;
}

static bool is_gone(void *ctx)
{
	return run_has_ended(ctx);
}

int run_wait(struct run *run)
{
	int status;

	if (!wait_for(is_gone, run, FIXTURE_MS)) {
		kill(run->pid, SIGKILL);
		waitpid(run->pid, &status, 0);
		fail_msg("%s does not end", run->name);
	}
	waitpid(run->pid, &status, 0);
	run->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_stop(struct run *run)
{
	kill(run->pid, SIGTERM);
	return run_wait(run);
}

/* What there is of it: nothing, if there is no such file. */
static const char *text_read(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");

	text[file ? fread(text, 1, size - 1, file) : 0] = '\0';
	if (file)
		fclose(file);
	return text;
}

static const char *file_text(const char *name, const char *suffix)
{
	static char text[256 * 1024];
	char path[64];

	snprintf(path, sizeof(path), "%s.%s", name, suffix);
	return text_read(path, text, sizeof(text));
}

const char *file_read(const char *path)
{
	static char text[1 << 20];

	return text_read(path, text, sizeof(text));
}

void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

const char *run_out(const struct run *run)
{
	return file_text(run->name, "out");
}

const char *run_err(const struct run *run)
{
	return file_text(run->name, "err");
}

const char *run_said(const struct run *run)
{
	static const char *const about[] = { "info: sandbox: ", "warning: sandbox: " };
	static char said[64 * 1024];
	const char *line = run_err(run);
	size_t len = 0;

	while (*line) {
		const char *end = strchrnul(line, '\n');
		size_t n = (size_t)(end - line) + (*end == '\n');

		if (strncmp(line, about[0], strlen(about[0])) != 0 && strncmp(line, about[1], strlen(about[1])) != 0)
			len += (size_t)snprintf(said + len, sizeof(said) - len, "%.*s", (int)n, line);
		line += n;
		assert_in_range(len, 0, sizeof(said) - 1);
	}
	said[len] = '\0';
	return said;
}

struct text_search {
	const struct run *run;
	const char *suffix, *text;
};

static bool text_there(void *ctx)
{
	const struct text_search *search = ctx;

	return strstr(file_text(search->run->name, search->suffix), search->text);
}

static void text_wait(const struct run *run, const char *suffix, const char *text)
{
	struct text_search search = { run, suffix, text };

	if (!wait_for(text_there, &search, FIXTURE_MS))
		fail_msg("\"%s\" does not come, but: %s", text, file_text(run->name, suffix));
}

void run_wait_out(const struct run *run, const char *text)
{
	text_wait(run, "out", text);
}

void run_wait_err(const struct run *run, const char *text)
{
	text_wait(run, "err", text);
}

static bool comm_is(pid_t pid, const char *name)
{
	char path[64], comm[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = '\0';
	fclose(file);
	comm[strcspn(comm, "\n")] = '\0';
	return strcmp(comm, name) == 0;
}

pid_t child_named(const struct run *daemon, const char *name)
{
	pid_t children[CHILDREN_MAX];
	unsigned n = proc_children(daemon->pid, children, CHILDREN_MAX);

	for (unsigned i = 0; i < n; i++) {
		if (comm_is(children[i], name) && proc_alive(children[i]))
			return children[i];
	}
	return 0;
}

struct child_search {
	const struct run *daemon;
	const char *name;
	pid_t old, found;
};

static bool child_there(void *ctx)
{
	struct child_search *search = ctx;

	if (is_gone((void *)(uintptr_t)search->daemon))
		return true;
	search->found = child_named(search->daemon, search->name);
	return search->found != 0 && search->found != search->old && proc_is_serving(search->found);
}

pid_t child_wait(const struct run *daemon, const char *name, pid_t old)
{
	struct child_search search = { .daemon = daemon, .name = name, .old = old };

	if (!wait_for(child_there, &search, FIXTURE_MS) || search.found == 0 || search.found == old)
		fail_msg("there is no process %s: %s", name, run_err(daemon));
	return search.found;
}

static bool child_not_there(void *ctx)
{
	const struct child_search *search = ctx;

	return child_named(search->daemon, search->name) == 0;
}

void child_wait_gone(const struct run *daemon, const char *name)
{
	struct child_search search = { .daemon = daemon, .name = name };

	if (!wait_for(child_not_there, &search, FIXTURE_MS))
		fail_msg("process %s does not go: %s", name, run_err(daemon));
}

pid_t child_replace(const struct run *daemon, const char *name)
{
	pid_t old = child_wait(daemon, name, 0);

	kill(old, SIGKILL);
	return child_wait(daemon, name, old);
}

static bool is_dropped(void *ctx)
{
	const struct child_search *search = ctx;

	return strstr(run_err(search->daemon), "session dropped") || child_there(ctx);
}

void child_crash_loop(const struct run *daemon, const char *name)
{
	struct child_search search = { .daemon = daemon, .name = name };

	while (!strstr(run_err(daemon), "session dropped")) {
		search.old = child_wait(daemon, name, search.old);
		kill(search.old, SIGABRT);
		assert_true(wait_for(is_dropped, &search, FIXTURE_MS));
	}
}

void daemon_up(struct run *daemon, const char *words, unsigned n_guests, bool control)
{
	run_start(daemon, "daemon", "VHOST_DEVICE_GPIO", words);
	for (unsigned i = 0; i < n_guests; i++) {
		char name[32];

		snprintf(name, sizeof(name), "vgpio:guest%u", i);
		child_wait(daemon, name, 0);
	}
	if (control)
		child_wait(daemon, "vgpio:control", 0);
}

void daemon_up_two(struct run *daemon)
{
	daemon_up(daemon, "-s gpio.sock -c 2 -l s8:s32 --control ctl.sock --log-level warning", 2, true);
}

void daemon_down(struct run *daemon)
{
	DIR *open;
	struct dirent *entry;

	assert_int_equal(run_stop(daemon), 0);
	open = opendir(".");
	while ((entry = readdir(open))) {
		if (strstr(entry->d_name, ".sock"))
			fail_msg("%s is left", entry->d_name);
	}
	closedir(open);
}

int ctl(struct run *run, const char *words)
{
	setenv("VGPIO_CONTROL", "ctl.sock", 1);
	run_start(run, "ctl", "VGPIOCTL", words);
	return run_wait(run);
}

void ctl_check(const char *words, int status, const char *out, const char *err)
{
	struct run run;

	assert_int_equal(ctl(&run, words), status);
	assert_string_equal(run_out(&run), out);
	assert_string_equal(run_err(&run), err);
}

bool file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int socket_connect_by(const char *path, int flags)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

int socket_connect(const char *path)
{
	return socket_connect_by(path, 0);
}

int socket_connect_at_once(const char *path)
{
	return socket_connect_by(path, SOCK_NONBLOCK);
}

void socket_say(int fd, const char *line)
{
	assert_true(dprintf(fd, "%s\n", line) > 0);
}

const char *socket_hear(int fd)
{
	static char text[512 * 1024];
	char *end = NULL;
	size_t len = 0;

	while (!end) {
		ssize_t n = 0;

		/* Looked at first, so that nothing of the next line is taken. */
		if (wait_readable(fd, FIXTURE_MS))
			n = recv(fd, text + len, sizeof(text) - 1 - len, MSG_PEEK);
		if (n <= 0)
			fail_msg("no line comes, but: %.*s", (int)len, text);
		end = memchr(text + len, '\n', (size_t)n);
		if (end)
			n = end + 1 - (text + len);
		assert_int_equal(read(fd, text + len, (size_t)n), n);
		len += (size_t)n;
	}
	*end = '\0';
	return text;
}

void socket_exchange(int fd, const char *line, const char *reply)
{
	socket_say(fd, line);
	assert_string_equal(socket_hear(fd), reply);
}

int socket_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

void check_serves(const char *path, unsigned n_lines)
{
	struct vmm vmm;

	vmm_init(&vmm, 0);
	vmm_start(&vmm, path);
	assert_int_equal(gpio_set_direction(&vmm, (uint16_t)(n_lines - 1), GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_direction(&vmm, (uint16_t)n_lines, GPIO_IN), 1);
	vmm_deinit(&vmm);
}
