/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the sandbox is made of, made in a process that ends. */
#pragma once

#include "base/why.h"
#include "sandbox/types.h"

/* 0 or -errno each. */
struct sandbox_made {
	int32_t user; /* with words in why */
	int32_t namespaces[SANDBOX_NAMESPACES];
	int32_t filter; /* of all roles */
	uid_t uid;
	gid_t gid;
	struct why why;
};

/*
 * Makes the stages that the sandbox has, as far as they can be had, for the user of that name (NULL: no other user): their
 * fds and programs. -errno: no process to make them.
 */
int sandbox_make(struct sandbox *sandbox, const char *user, struct sandbox_made *made);
