/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Users, groups and file modes as people write them. Names are looked up in all that nsswitch.conf lists; by a static binary in
 * /etc/passwd and /etc/group only.
 */
#pragma once

#include <sys/types.h>

#include "base/why.h"

/* All: -errno, with the reason in words, the word included. */

/* The user of a name, and its group. */
int user_find(const char *name, uid_t *uid, gid_t *gid, struct why *why);
/* A group by number (all digits) or by name. */
int group_parse(const char *word, gid_t *group, struct why *why);
/* Permissions, octal. */
int file_mode_parse(const char *word, mode_t *mode, struct why *why);
