/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Groups as users write them. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/why.h"

/*
 * A group by number (all digits) or by name. -errno, with the reason in words, the word included. A
 * static binary knows the names of /etc/group only.
 */
int group_parse(const char *word, gid_t *group, struct why *why);
