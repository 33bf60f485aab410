/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Namespaces with nothing in them.
 *
 * A process that is forked for that (maker.c) makes them, sends their fds and ends; the fds hold them (namespaces(7)). The
 * first is a user namespace, which anybody may have where the system's policy says so, and in which no other privilege is needed,
 * then or later. Where it cannot be had, a privileged process can have the others without.
 *
 * The empty root is a tmpfs, read-only, in a mount namespace in which nothing else is left.
 */
#include "sandbox/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

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

int sandbox_namespace_make(enum sandbox_stage stage, int *fd)
{
	return namespaces[NAMESPACE(stage)].make(fd);
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
