/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The socket of a guest: one of our own, on a path, or one that was inherited. */
#pragma once

#include "base/why.h"
#include "config/guest_settings.h"
#include "service/listener.h"

/*
 * *listener listens, or *connected_fd, which stays the caller's, is a front-end that is connected already: the one there
 * will ever be; else it is left alone. -errno, with a line that says which guest's, what and why.
 */
int guest_socket_open(const struct guest_socket *socket, const char *guest, struct listener *listener,
		      int *connected_fd, struct why *why);
