/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Listening Unix sockets. On paths: never steals a path from a live process, never deletes what is no socket, and
 * removes at the end only what it made. Inherited ones: closes them, and touches nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/why.h"

struct guest_socket;

/* Something that we made in the file system: to be removed only while it is still that. */
struct own_file {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "": nothing */
	dev_t dev;
	ino_t ino;
};

struct listener {
	int fd; /* owned; -1: none. Non-blocking */
	struct own_file socket;
	struct own_file alias; /* a symbolic link to the socket */
};

/* A listener that is not open. */
#define LISTENER_NONE ((struct listener){ .fd = -1 })

/*
 * Listens on a path, with the mode that is wanted (exactly, whatever the umask) and the group; nobody can connect before
 * the socket has both. A socket that is there is replaced when nobody has it. -errno, with the reason in words; then
 * nothing is left behind. The umask of the process is changed meanwhile.
 */
int listener_open(struct listener *listener, const struct guest_socket *wanted, struct why *why);
/* Takes over a listening fd that was inherited, see service/inherited_fd.h. */
void listener_adopt(struct listener *listener, int fd);
/* Makes path lead to the socket as well. An earlier link to it, a link to nothing and a stale socket are replaced. */
int listener_add_alias(struct listener *listener, const char *path, struct why *why);
/*
 * Whoever has a copy of a listening socket can shut it down for all who have one, for ever. Then another takes its
 * place, if the path is ours: 1; 0: there was no need. -errno, with the reason: nobody can connect any more.
 */
int listener_renew(struct listener *listener, const struct guest_socket *wanted, struct why *why);
/* Another process has it, too, and will remove the files. */
void listener_forget_files(struct listener *listener);
/* Idempotent. */
void listener_close(struct listener *listener);
