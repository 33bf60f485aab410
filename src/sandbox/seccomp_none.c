/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The list of system calls of a build without libseccomp: there is none. */
#include "sandbox/seccomp.h"

#include <errno.h>

bool sandbox_filter_supported(void)
{
	return false;
}

int sandbox_filter_make(enum sandbox_role role)
{
	return -EOPNOTSUPP;
}

int sandbox_filter_read(int fd, struct sock_fprog *program)
{
	return -EOPNOTSUPP;
}

int sandbox_enter_filter(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage)
{
	return -EOPNOTSUPP;
}
