/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Users as users write them. What group.c says about the C library and static binaries holds here, too. */
#include "config/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* NULL with errno 0: no such user. */
static const struct passwd *user_lookup(const char *name)
{
#ifdef GROUP_FILE_ONLY
	const struct passwd *entry = NULL;
	FILE *file = fopen("/etc/passwd", "re");

	while (file && (entry = fgetpwent(file)) && strcmp(entry->pw_name, name) != 0)
		;
	if (file)
		fclose(file);
	errno = 0;
	return entry;
#else
	errno = 0;
	return getpwnam(name);
#endif
}

int user_find(const char *name, uid_t *uid, gid_t *gid, struct why *why)
{
	const struct passwd *entry = user_lookup(name);
	int error = errno;

	if (entry) {
		*uid = entry->pw_uid;
		*gid = entry->pw_gid;
		return 0;
	}
	/* getpwnam(3), ERRORS: some libraries say so of a user that is not there. */
	if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM)
		return why_fail(ENOENT, why, "there is no user \"%s\"", name);
	why_fail(EINVAL, why, "user \"%s\": %s", name, strerror(error));
	return -error;
}
