/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Errors that pass. */
#pragma once

#include <errno.h>
#include <stdbool.h>

/* Whether this -errno says that something is used up, memory, fds or the like, of which there may be some again. */
static inline bool is_lack(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -ENOSPC || error == -ENOBUFS;
}
