/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Namespaces with nothing in them.
 *
 * A process that is forked for that makes them, sends their fds and ends; the fds hold them (namespaces(7)). The first is
 * a user namespace, which anybody may have where the system's policy says so, and in which no other privilege is needed,
 * then or later. Where it cannot be had, a privileged process can have the others without.
 *
 * The empty root is a tmpfs, read-only, in a mount namespace in which nothing else is left.
 */
#include "sandbox/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"
#include "base/util.h"
#include "sandbox/privilege.h"

#define NAMESPACE(stage) ((stage)-SANDBOX_NAMESPACE_FIRST)

static int namespace_unshare(int flag, const char *path, int *fd)
{
	if (unshare(flag) < 0)
		return -errno;
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

/*
 * No user of the host is mapped to one in it: nobody there needs a name, and to map root takes a privilege more
 * (user_namespaces(7), CAP_SETFCAP) that the supervisor has given up by the time of an upgrade.
 */
static int user_make(int *fd)
{
	return namespace_unshare(CLONE_NEWUSER, "/proc/self/ns/user", fd);
}

static int network_make(int *fd)
{
	return namespace_unshare(CLONE_NEWNET, "/proc/self/ns/net", fd);
}

static int ipc_make(int *fd)
{
	return namespace_unshare(CLONE_NEWIPC, "/proc/self/ns/ipc", fd);
}

/* pivot_root(2), "pivot_root(".", ".")". What comes up from an initramfs cannot be taken away, but covered. */
static int root_change(void)
{
	if (syscall(SYS_pivot_root, ".", ".") == 0)
		return umount2(".", MNT_DETACH) < 0 ? -errno : 0;
	if (errno != EINVAL)
		return -errno;
	return mount(".", "/", NULL, MS_MOVE, NULL) < 0 ? -errno : 0;
}

static int root_make(int *fd)
{
	static const char where[] = "/proc"; /* is there: else there would be no fd */
	const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	int ret = namespace_unshare(CLONE_NEWNS, "/proc/self/ns/mnt", fd);

	if (ret < 0)
		return ret;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", where, "tmpfs", flags, "nr_blocks=1,nr_inodes=1,mode=555") < 0 || chdir(where) < 0)
		return -errno;
	ret = root_change();
	return ret < 0 ? ret : chdir("/") < 0 ? -errno : 0;
}

static const struct {
	int (*make)(int *fd);
	int flag;
} namespaces[SANDBOX_NAMESPACES] = {
	[NAMESPACE(SANDBOX_USER_NAMESPACE)] = { user_make, CLONE_NEWUSER },
	[NAMESPACE(SANDBOX_NETWORK)] = { network_make, CLONE_NEWNET },
	[NAMESPACE(SANDBOX_IPC)] = { ipc_make, CLONE_NEWIPC },
	[NAMESPACE(SANDBOX_ROOT)] = { root_make, CLONE_NEWNS },
};

/* Makes what can be made. */
static void __attribute__((noreturn)) maker_life(const struct sandbox *sandbox, int socket)
{
	int32_t errors[SANDBOX_NAMESPACES] = { 0 };
	int fds[SANDBOX_NAMESPACES];
	size_t n_fds = 0;

	/* Where it cannot be had, the stage of that name says so, and the namespaces are the present user's. */
	if (sandbox_has(sandbox, SANDBOX_USER))
		sandbox_enter_user(sandbox, NULL, SANDBOX_USER);
	for (size_t i = 0; i < SANDBOX_NAMESPACES; i++) {
		int fd = -1;

		errors[i] = namespaces[i].make(&fd);
		if (errors[i] == 0)
			fds[n_fds++] = fd;
	}
	_exit(scm_send(socket, errors, sizeof(errors), fds, n_fds, 0) < 0);
}

static void maker_hear(struct sandbox *sandbox, int socket, int32_t errors[SANDBOX_NAMESPACES])
{
	int fds[SANDBOX_NAMESPACES];
	size_t n_fds = 0, next = 0;
	ssize_t len =
		scm_recv(socket, errors, SANDBOX_NAMESPACES * sizeof(*errors), fds, SANDBOX_NAMESPACES, &n_fds, 0);

	for (size_t i = 0; i < SANDBOX_NAMESPACES; i++) {
		if (len != (ssize_t)(SANDBOX_NAMESPACES * sizeof(*errors)))
			errors[i] = len < 0 ? (int32_t)len : -EPIPE;
		else if (errors[i] == 0 && next < n_fds)
			sandbox->namespace_fds[i] = fds[next++];
	}
}

int sandbox_namespaces_make(struct sandbox *sandbox, int32_t errors[SANDBOX_NAMESPACES])
{
	int sockets[2];
	pid_t pid;
	int ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	pid = fork();
	ret = pid < 0 ? -errno : 0;
	if (pid == 0)
		maker_life(sandbox, sockets[1]);
	fd_close(&sockets[1]);
	if (pid > 0) {
		maker_hear(sandbox, sockets[0], errors);
		waitpid(pid, NULL, 0);
	}
	fd_close(&sockets[0]);
	return ret;
}

int sandbox_enter_namespace(const struct sandbox *sandbox, const struct sandbox_params *params,
			    enum sandbox_stage stage)
{
	int fd = sandbox->namespace_fds[NAMESPACE(stage)];

	if (setns(fd, namespaces[NAMESPACE(stage)].flag) < 0)
		return -errno;
	close(fd);
	return 0;
}
