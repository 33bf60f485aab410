/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Connections to a listening socket, also when there is no fd left for one. */
#pragma once

#include "base/log.h"

/*
 * One connection (flags: of accept4(2)), or -1. When no fd is to be had (logged) it waits a moment first: the connection
 * stays pending, and the loop would turn as fast as it can.
 */
int accept_throttled(int listen_fd, int flags, struct log_limit *limit, const char *tag);
