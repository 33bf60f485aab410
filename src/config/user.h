/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Users as users write them. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/why.h"

/*
 * The user of a name, and its group. -errno, with the reason in words, the word included. A static binary knows the
 * names of /etc/passwd only.
 */
int user_find(const char *name, uid_t *uid, gid_t *gid, struct why *why);
