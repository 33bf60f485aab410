/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Readers of /proc. */
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"
#include "wait.h"

#define CHILDREN_MAX 1024

/* How a loop waits for events. */
static const long loop_calls[] = {
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
	SYS_epoll_pwait,
};

static FILE *proc_open(pid_t pid, const char *name)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	if (!file)
		failure("%s: %s", path, strerror(errno));
	return file;
}

/* Calls fn for each entry of /proc/PID/fd. False when there is no such process. */
static bool fds_walk(pid_t pid, void (*fn)(void *ctx, pid_t pid, const char *fd), void *ctx)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			fn(ctx, pid, entry->d_name);
	closedir(dir);
	return true;
}

static void count_fd(void *ctx, pid_t pid, const char *fd)
{
	(*(unsigned *)ctx)++;
}

unsigned proc_fds(pid_t pid)
{
	unsigned n = 0;

	proc_wait_quiet(pid);
	if (!fds_walk(pid, count_fd, &n))
		failure("process %d is gone", (int)pid);
	return n;
}

static void count_inherited(void *ctx, pid_t pid, const char *fd)
{
	char name[64], line[128];
	unsigned flags = 0;
	FILE *file;

	if (atoi(fd) <= 2)
		return;
	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%.16s", (int)pid, fd);
	file = fopen(name, "re");
	if (!file) /* closed meanwhile */
		return;
	while (fgets(line, sizeof(line), file))
		sscanf(line, "flags: %o", &flags);
	fclose(file);
	if (!(flags & O_CLOEXEC))
		(*(unsigned *)ctx)++;
}

unsigned proc_fds_inherited(pid_t pid)
{
	unsigned n = 0;

	if (!fds_walk(pid, count_inherited, &n))
		failure("process %d is gone", (int)pid);
	return n;
}

unsigned proc_maps(pid_t pid, const char *needle)
{
	FILE *file = proc_open(pid, "maps");
	char line[1024];
	unsigned n = 0;

	while (fgets(line, sizeof(line), file))
		n += strstr(line, needle) != NULL;
	fclose(file);
	return n;
}

static uint64_t figure(pid_t pid, const char *name, const char *key)
{
	FILE *file = proc_open(pid, name);
	size_t len = strlen(key);
	char line[256];
	uint64_t value = 0;
	bool found = false;

	while (!found && fgets(line, sizeof(line), file)) {
		found = strncmp(line, key, len) == 0 && line[len] == ':';
		if (found)
			value = strtoull(line + len + 1, NULL, 10);
	}
	fclose(file);
	if (!found)
		failure("/proc/%d/%s has no %s", (int)pid, name, key);
	return value;
}

uint64_t proc_status(pid_t pid, const char *key)
{
	return figure(pid, "status", key);
}

uint64_t proc_smaps(pid_t pid, const char *key)
{
	return figure(pid, "smaps_rollup", key);
}

unsigned proc_threads(pid_t pid)
{
	return (unsigned)proc_status(pid, "Threads");
}

/* The parent of a process, 0 when it is gone. */
static pid_t parent(const char *pid)
{
	char path[64], line[512];
	const char *end;
	int ppid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	/* After the name, which may hold anything. */
	if (fgets(line, sizeof(line), file) && (end = strrchr(line, ')')) && sscanf(end + 1, " %*c %d", &ppid) != 1)
		ppid = 0;
	fclose(file);
	return ppid;
}

/* For kernels without CONFIG_PROC_CHILDREN. */
static unsigned children_search(pid_t pid, pid_t *children, unsigned max)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned n = 0;

	while (dir && n < max && (entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && parent(entry->d_name) == pid)
			children[n++] = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return n;
}

unsigned proc_children(pid_t pid, pid_t *children, unsigned max)
{
	char name[64];
	FILE *file;
	unsigned n = 0;
	int child;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	file = fopen(name, "re");
	if (!file)
		return children_search(pid, children, max);
	while (n < max && fscanf(file, "%d", &child) == 1)
		children[n++] = child;
	fclose(file);
	return n;
}

/* The inode of the socket that listens at path, 0 when there is none. */
static unsigned long listener_inode(const char *path)
{
	FILE *file = fopen("/proc/net/unix", "re");
	unsigned long inode = 0;
	char line[512];

	if (!file)
		failure("/proc/net/unix: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		unsigned long flags, candidate;
		char name[256];

		if (sscanf(line, "%*s %*s %*s %lx %*s %*s %lu %255s", &flags, &candidate, name) == 3 &&
		    flags & 0x10000 && strcmp(name, path) == 0)
			inode = candidate;
	}
	fclose(file);
	return inode;
}

struct socket_search {
	char link[64];
	bool found;
};

static void match_socket(void *ctx, pid_t pid, const char *fd)
{
	struct socket_search *search = ctx;
	char path[64], link[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%.16s", (int)pid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return;
	link[n] = '\0';
	search->found |= strcmp(link, search->link) == 0;
}

bool proc_listens(pid_t pid, const char *path)
{
	struct socket_search search = { .found = false };
	unsigned long inode = listener_inode(path);

	snprintf(search.link, sizeof(search.link), "socket:[%lu]", inode);
	if (inode)
		fds_walk(pid, match_socket, &search);
	return search.found;
}

bool proc_alive(pid_t pid)
{
	return kill(pid, 0) == 0;
}

char proc_state(pid_t pid)
{
	char name[64], state;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	file = fopen(name, "re");
	if (!file)
		return 'X';
	if (fscanf(file, "%*d %*s %c", &state) != 1)
		state = 'X';
	fclose(file);
	return state;
}

/* Of a process that sleeps. */
static bool sleeps_in_loop(pid_t pid)
{
	char path[64];
	long call;
	bool in_loop = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	if (fscanf(file, "%ld", &call) == 1) {
		for (size_t i = 0; i < sizeof(loop_calls) / sizeof(loop_calls[0]); i++)
			in_loop |= call == loop_calls[i];
	} else {
		in_loop = ferror(file); /* not ours to know; otherwise "running", after all */
	}
	fclose(file);
	return in_loop;
}

bool proc_is_quiet(pid_t pid)
{
	switch (proc_state(pid)) {
	case 'S':
		return sleeps_in_loop(pid);
	case 'T':
	case 'Z':
	case 'X':
		return true;
	default:
		return false;
	}
}

bool proc_is_serving(pid_t pid)
{
	/* In this order: one that was quiet a moment ago had not been killed. */
	return proc_is_quiet(pid) && !strchr("ZX", proc_state(pid));
}

/* The children first: what one of them has sent, the process has taken when it sleeps. Twice: or it has answered. */
static bool all_quiet(void *ctx)
{
	pid_t pid = *(pid_t *)ctx, children[CHILDREN_MAX];
	bool quiet = true;

	for (unsigned round = 0; round < 2 && quiet; round++) {
		unsigned n = proc_children(pid, children, CHILDREN_MAX);

		for (unsigned i = 0; i < n && quiet; i++)
			quiet = proc_is_quiet(children[i]);
		quiet = quiet && proc_is_quiet(pid);
	}
	return quiet;
}

void proc_wait_quiet(pid_t pid)
{
	if (!wait_for(all_quiet, &pid, WAIT_MS))
		failure("process %d does not come to rest", (int)pid);
}

bool proc_has_address_sanitizer(pid_t pid)
{
	/* It reserves terabytes of address space. */
	return proc_status(pid, "VmSize") >= 1ull << 30;
}
