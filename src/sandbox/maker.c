/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A process that is forked for it makes what the sandbox is made of, sends it and ends: namespaces, which it has to enter
 * for that; the user, for whose name the C library may load libraries; and the filters' programs, for which libseccomp
 * takes memory. None of that is left in the supervisor, and so in no process that is forked later.
 */
#include "sandbox/maker.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/account.h"
#include "base/fd.h"
#include "base/scm.h"
#include "sandbox/namespaces.h"
#include "sandbox/privilege.h"
#include "sandbox/seccomp.h"

#define FDS_MAX (SANDBOX_NAMESPACES + SANDBOX_ROLES)

struct fds {
	int fds[FDS_MAX];
	size_t n;
};

/* Later namespaces are this user's. Where that cannot be had, the stage of that name says so when it is tried. */
static void user_make(struct sandbox *sandbox, const char *name, struct sandbox_made *made)
{
	made->user = user_find(name, &made->uid, &made->gid, &made->why);
	if (made->user < 0)
		return;
	sandbox->uid = made->uid;
	sandbox->gid = made->gid;
	sandbox_enter_user(sandbox, NULL, SANDBOX_USER);
}

static void filters_make(struct sandbox_made *made, struct fds *fds)
{
	for (unsigned role = 0; role < SANDBOX_ROLES && made->filter == 0; role++) {
		int fd = sandbox_filter_make(role);

		if (fd >= 0)
			fds->fds[fds->n++] = fd;
		else
			made->filter = fd;
	}
}

/* The filters come first: in the empty root there is no file to read. */
static void __attribute__((noreturn)) maker_life(struct sandbox *sandbox, const char *user, int socket)
{
	struct sandbox_made made = { .user = 0 };
	struct fds fds = { .n = 0 };

	if (user)
		user_make(sandbox, user, &made);
	if (sandbox_has(sandbox, SANDBOX_FILTER))
		filters_make(&made, &fds);
	for (unsigned i = 0; i < SANDBOX_NAMESPACES; i++) {
		int fd = -1;

		made.namespaces[i] = sandbox_namespace_make(SANDBOX_NAMESPACE_FIRST + i, &fd);
		if (made.namespaces[i] == 0)
			fds.fds[fds.n++] = fd;
	}
	_exit(scm_send(socket, &made, sizeof(made), fds.fds, fds.n, 0) < 0);
}

static void nothing_made(struct sandbox_made *made, int error)
{
	*made = (struct sandbox_made){ .user = error, .filter = error };
	why_fail(-error, &made->why, "the process that was to look it up died");
	for (unsigned i = 0; i < SANDBOX_NAMESPACES; i++)
		made->namespaces[i] = error;
}

static void filters_take(struct sandbox *sandbox, struct sandbox_made *made, struct fds *fds, size_t *next)
{
	for (unsigned role = 0; role < SANDBOX_ROLES && *next < fds->n; role++, (*next)++) {
		if (made->filter == 0)
			made->filter = sandbox_filter_read(fds->fds[*next], &sandbox->filters[role]);
		fd_close(&fds->fds[*next]);
	}
}

static void maker_hear(struct sandbox *sandbox, int socket, struct sandbox_made *made)
{
	struct fds fds = { .n = 0 };
	size_t next = 0;
	ssize_t len = scm_recv(socket, made, sizeof(*made), fds.fds, FDS_MAX, &fds.n, 0);

	if (len != sizeof(*made)) {
		nothing_made(made, len < 0 ? (int)len : -EPIPE);
		return;
	}
	if (made->filter == 0 && sandbox_has(sandbox, SANDBOX_FILTER))
		filters_take(sandbox, made, &fds, &next);
	for (unsigned i = 0; i < SANDBOX_NAMESPACES; i++) {
		if (made->namespaces[i] == 0 && next < fds.n)
			sandbox->namespace_fds[i] = fds.fds[next++];
	}
}

int sandbox_make(struct sandbox *sandbox, const char *user, struct sandbox_made *made)
{
	int sockets[2];
	pid_t pid;
	int ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	pid = fork();
	ret = pid < 0 ? -errno : 0;
	if (pid == 0)
		maker_life(sandbox, user, sockets[1]);
	fd_close(&sockets[1]);
	if (pid > 0) {
		maker_hear(sandbox, sockets[0], made);
		waitpid(pid, NULL, 0);
	}
	fd_close(&sockets[0]);
	return ret;
}
