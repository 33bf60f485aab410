/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Sockets that were inherited: --fd=N, fd=N and those of socket activation.
 *
 * The vhost-user document's --fd does not say whether the socket is connected or listening; back-ends exist of both
 * kinds, so the socket itself tells.
 */
#pragma once

#include <stddef.h>

#include "base/why.h"

enum inherited_fd_kind {
	INHERITED_FD_LISTENING, /* front-ends come one after the other */
	INHERITED_FD_CONNECTED, /* the one front-end is there */
};

/*
 * Says what kind the fd is, and takes it into our care: no program that we run inherits it, and accept() on a listening
 * one does not block (whoever shares it may be quicker). Nothing is changed on an fd that is refused: not open, 0 to 2
 * (standard input, output and errors alone), not a Unix stream socket, neither listening nor connected. Then -errno,
 * with the reason in words, the fd named.
 */
int inherited_fd_take(int fd, enum inherited_fd_kind *kind, struct why *why);
