/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where things lie in the memory of a session: for tests that damage it. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct layout_piece {
	size_t at, size;
};

/* What a front-end left, without its first field, which says whether there is anything. */
struct layout_piece layout_reconnect(void);
/* What is in flight in a ring of this size. */
struct layout_piece layout_inflight(unsigned queue, unsigned ring_size);

/* The session's memory of the first guest of a daemon with this process id, as a file. */
int layout_open(pid_t supervisor);
