/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Socket activation: sockets that the service manager made, see sd_listen_fds(3), and which guest gets which.
 *
 * A socket goes to the guest of its name (FileDescriptorName= of the socket unit). Those whose name nobody chose go, in
 * their order, to the guests that have neither a socket nor an fd of their own, in theirs. Every one must find its
 * guest, and every guest its socket.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "service/inherited_fd.h"

/* More than there are guests; more are refused. */
#define ACTIVATION_FDS_MAX 512

struct activation_fd {
	int fd;		  /* whoever gets it owns it */
	const char *name; /* as given; "": none */
	bool taken;
};

struct activation {
	struct activation_fd *fds; /* owned */
	size_t n_fds;
	char *names; /* owned: what the names point into */
};

/*
 * Takes $LISTEN_PID, $LISTEN_FDS and $LISTEN_FDNAMES, and clears the environment of them. None, or meant for another
 * process: no fds, no failure. No program that we run inherits the fds. -errno, with the reason in words.
 */
int activation_init(struct activation *activation, struct why *why);
/* Clears the environment of them, whatever they say: they were for an earlier program of this process. */
void activation_forget(void);
/* Closes those that were not taken. */
void activation_close(struct activation *activation);
/* Idempotent. The fds stay open. */
void activation_deinit(struct activation *activation);

/* For a socket that is no guest's: the first one of that name, taken by the caller. -1: there is none. */
int activation_take(struct activation *activation, const char *name);

/* A guest, as far as this matters. */
struct activation_guest {
	const char *name;
	bool has_socket; /* on a path of its own */
	int fd; /* -1: none. In: what the user named, which may be one of the activation's; out: what it gets */
	enum inherited_fd_kind kind; /* out: of the fd, when there is one */
};

/*
 * Gives every guest without a socket its fd, and looks at each fd (inherited_fd_take()). Of use without activation, too: a
 * guest with neither socket nor fd, one with both, and two with one fd are found. -EINVAL or the -errno of the fd, with
 * the reason in words, guest or fd named.
 */
int activation_assign(struct activation *activation, struct activation_guest *guests, size_t n_guests, struct why *why);
