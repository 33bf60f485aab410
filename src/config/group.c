/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Groups as users write them.
 *
 * Names are looked up by the C library, in all that nsswitch.conf lists. A static glibc binary (GROUP_FILE_ONLY) looks
 * into /etc/group alone: it would have to load the modules of the very glibc that it was linked with, and where it
 * finds others it crashes.
 */
#include "config/group.h"

#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

/* The members of a group count, too: a database may be large, but not without limit. */
#define GROUP_BUFFER_MIN 1024
#define GROUP_BUFFER_MAX (1024ul * 1024)

/* (gid_t)-1 means "leave it" to chown(). */
#define GROUP_NUMBER_MAX (UINT32_MAX - 1)

#ifdef GROUP_FILE_ONLY

static int group_find(const char *name, gid_t *number, struct why *why)
{
	FILE *file = fopen("/etc/group", "re");
	int ret = file ? -ENOENT : -errno;

	while (file && ret < 0) {
		const struct group *entry = fgetgrent(file);

		if (!entry)
			break;
		if (strcmp(entry->gr_name, name) == 0) {
			*number = entry->gr_gid;
			ret = 0;
		}
	}
	if (file)
		fclose(file);
	if (ret < 0)
		why_fail(EINVAL, why, "there is no group \"%s\" in /etc/group", name);
	return ret;
}

#else

/* 0 or an errno; 0 with *found NULL: no such group. */
static int group_lookup(const char *name, struct group *group, struct group **found, char **buffer)
{
	int ret = ERANGE;

	for (size_t size = GROUP_BUFFER_MIN; size <= GROUP_BUFFER_MAX && ret == ERANGE; size *= 2) {
		free(*buffer);
		*buffer = malloc(size);
		if (!*buffer)
			return ENOMEM;
		do {
			ret = getgrnam_r(name, group, *buffer, size, found);
		} while (ret == EINTR);
	}
	/* A group that is not there is one of these with some libraries: getgrnam_r(3), ERRORS. */
	return ret == ENOENT || ret == ESRCH || ret == EBADF || ret == EPERM ? 0 : ret;
}

static int group_find(const char *name, gid_t *number, struct why *why)
{
	struct group group, *found = NULL;
	char *buffer = NULL;
	int ret = -group_lookup(name, &group, &found, &buffer);

	if (ret < 0) {
		why_fail(-ret, why, "group \"%s\": %s", name, strerror(-ret));
	} else if (!found) {
		why_fail(EINVAL, why, "there is no group \"%s\"", name);
		ret = -ENOENT;
	} else {
		*number = found->gr_gid;
	}
	free(buffer);
	return ret;
}

#endif

int group_parse(const char *word, gid_t *group, struct why *why)
{
	uint64_t number;

	switch (decimal_parse(word, GROUP_NUMBER_MAX, &number)) {
	case 0:
		*group = (gid_t)number;
		return 0;
	case -ERANGE:
		return why_fail(ERANGE, why, "group \"%s\": too large a number", word);
	default:
		return group_find(word, group, why);
	}
}
