/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Listening Unix sockets, on paths or inherited.
 *
 * Whether somebody has a socket is found out by connecting to it with one of another type: nobody is connected by that,
 * and the kernel's refusal tells a socket that is alive from a file that was left. Between that look and bind() another
 * process may be quicker; then bind() fails, and nothing was stolen unless both found the same stale socket at the same
 * instant.
 */
#include "service/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/why.h"
#include "config/guest_settings.h"
#include "process/async_close.h"

/* A front-end that connects while the worker is being replaced waits here. */
#define LISTEN_BACKLOG 16

/* All that chmod() can set. */
#define MODE_BITS 07777

static struct sockaddr_un address_make(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return address;
}

/* 0: nobody has it; -EADDRINUSE: somebody does; another -errno: unknown. */
static int socket_probe(const char *path)
{
	struct sockaddr_un address = address_make(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ret;

	if (fd < 0)
		return -errno;
	ret = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
	fd_close(&fd);
	switch (ret) {
	case 0:
	case EPROTOTYPE:
		return -EADDRINUSE;
	case ECONNREFUSED:
	case ENOENT:
		return 0;
	default:
		return -ret;
	}
}

/* Makes way at path, when what is there is a socket that nobody listens on. */
static int stale_socket_remove(const char *path, struct why *why)
{
	int ret = socket_probe(path);

	if (ret == -EADDRINUSE)
		return why_fail(EADDRINUSE, why, "in use by another process");
	if (ret < 0)
		return why_fail(-ret, why, "%s", strerror(-ret));
	if (unlink(path) < 0 && errno != ENOENT)
		return why_fail(errno, why, "cannot replace the stale socket: %s", strerror(errno));
	return 0;
}

static int path_clear(const char *path, struct why *why)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : why_fail(errno, why, "%s", strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return why_fail(EEXIST, why, "exists and is not a socket");
	return stale_socket_remove(path, why);
}

static void own_file_note(struct own_file *own, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	snprintf(own->path, sizeof(own->path), "%s", path);
	own->dev = st.st_dev;
	own->ino = st.st_ino;
}

static void own_file_remove(struct own_file *own)
{
	struct stat st;

	if (own->path[0] && lstat(own->path, &st) == 0 && st.st_dev == own->dev && st.st_ino == own->ino)
		unlink(own->path);
	own->path[0] = '\0';
}

static int socket_bind(struct listener *listener, const char *path, struct why *why)
{
	struct sockaddr_un address = address_make(path);

	if (bind(listener->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return why_fail(errno, why, "%s", errno == EADDRINUSE ? "in use by another process" : strerror(errno));
	own_file_note(&listener->socket, path);
	return 0;
}

/*
 * bind() gives the file the mode of the socket itself, less the umask: so the file has the right one from its first
 * moment, and no path is looked up again, which chmod() would have to. Where that does not hold (a directory with a
 * default ACL) it is said.
 */
static int socket_bind_mode(struct listener *listener, const char *path, mode_t mode, struct why *why)
{
	struct stat st;
	mode_t umask_before;
	int ret;

	if (fchmod(listener->fd, mode) < 0)
		return why_fail(errno, why, "cannot set mode %04o: %s", mode, strerror(errno));
	umask_before = umask(0);
	ret = socket_bind(listener, path, why);
	umask(umask_before);
	if (ret < 0)
		return ret;
	if (lstat(path, &st) < 0)
		return why_fail(errno, why, "%s", strerror(errno));
	if ((st.st_mode & MODE_BITS) != mode)
		return why_fail(EPERM, why, "cannot set mode %04o: the directory makes it %04o", mode,
				st.st_mode & MODE_BITS);
	return 0;
}

static int socket_give_group(const char *path, gid_t group, struct why *why)
{
	if (lchown(path, (uid_t)-1, group) < 0)
		return why_fail(errno, why, "cannot give it to group %u: %s", (unsigned)group, strerror(errno));
	return 0;
}

int listener_open(struct listener *listener, const struct guest_socket *wanted, struct why *why)
{
	const char *path = wanted->path;
	int ret = path_clear(path, why);

	*listener = LISTENER_NONE;
	if (ret < 0)
		return ret;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return why_fail(errno, why, "%s", strerror(errno));
	ret = wanted->has_mode ? socket_bind_mode(listener, path, wanted->mode, why) : socket_bind(listener, path, why);
	if (ret == 0 && wanted->has_group)
		ret = socket_give_group(path, wanted->group, why);
	/* Last: until now whoever connects is refused. */
	if (ret == 0 && listen(listener->fd, LISTEN_BACKLOG) < 0)
		ret = why_fail(errno, why, "%s", strerror(errno));
	if (ret < 0)
		listener_close(listener);
	return ret;
}

void listener_adopt(struct listener *listener, int fd)
{
	*listener = LISTENER_NONE;
	listener->fd = fd;
}

/* Makes way at path for a link to target. */
static int alias_clear(const char *path, const char *target, struct why *why)
{
	char present[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;
	ssize_t len;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : why_fail(errno, why, "%s", strerror(errno));
	if (S_ISSOCK(st.st_mode))
		return stale_socket_remove(path, why);
	if (!S_ISLNK(st.st_mode))
		return why_fail(EEXIST, why, "exists and is neither a socket nor a link to one");
	len = readlink(path, present, sizeof(present) - 1);
	if (len < 0)
		return why_fail(errno, why, "%s", strerror(errno));
	present[len] = '\0';
	if (strcmp(present, target) != 0 && stat(path, &st) == 0)
		return why_fail(EEXIST, why, "is a link to %s", present);
	if (unlink(path) < 0 && errno != ENOENT)
		return why_fail(errno, why, "cannot replace the stale link: %s", strerror(errno));
	return 0;
}

int listener_add_alias(struct listener *listener, const char *path, struct why *why)
{
	const char *slash = strrchr(listener->socket.path, '/');
	const char *target = slash ? slash + 1 : listener->socket.path;
	int ret = alias_clear(path, target, why);

	if (ret < 0)
		return ret;
	if (symlink(target, path) < 0)
		return why_fail(errno, why, "%s", strerror(errno));
	own_file_note(&listener->alias, path);
	return 0;
}

int listener_renew(struct listener *listener, const struct guest_socket *wanted, struct why *why)
{
	int ret;

	if (listener->fd < 0 || !fd_is_shut(listener->fd))
		return 0;
	if (!listener->socket.path[0])
		return why_fail(ESHUTDOWN, why, "it was inherited: its owner has to make another one");
	listener_close(listener);
	ret = listener_open(listener, wanted, why);
	if (ret == 0 && wanted->alias[0])
		ret = listener_add_alias(listener, wanted->alias, why);
	return ret < 0 ? ret : 1;
}

void listener_forget_files(struct listener *listener)
{
	listener->socket.path[0] = listener->alias.path[0] = '\0';
}

void listener_close(struct listener *listener)
{
	own_file_remove(&listener->alias);
	own_file_remove(&listener->socket);
	async_close(&listener->fd); /* whoever connected may have sent something */
}
