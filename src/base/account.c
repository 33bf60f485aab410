/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Users and groups, by the C library; file modes. */
#include "base/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

/* (gid_t)-1 means "leave it" to chown(). */
#define GROUP_NUMBER_MAX (UINT32_MAX - 1)

#ifdef ACCOUNT_FILES_ONLY

/*
 * A static glibc binary would have to load the modules of the very glibc that it was linked with, and where it finds
 * others it crashes. Each takes the entry of that name from the file, NULL with errno 0 when there is none.
 */
#define FILE_LOOKUP(type, function, path, next, member)                                                                \
	static struct type *function(const char *name)                                                                 \
	{                                                                                                              \
		struct type *entry = NULL;                                                                             \
		FILE *file = fopen(path, "re");                                                                        \
                                                                                                                       \
		while (file && (entry = next(file)) && strcmp(entry->member, name) != 0)                               \
			;                                                                                              \
		if (file)                                                                                              \
			fclose(file);                                                                                  \
		errno = 0;                                                                                             \
		return entry;                                                                                          \
	}

FILE_LOOKUP(passwd, user_lookup, "/etc/passwd", fgetpwent, pw_name)
FILE_LOOKUP(group, group_lookup, "/etc/group", fgetgrent, gr_name)

#else

#define user_lookup  getpwnam
#define group_lookup getgrnam

#endif

/* Why a lookup found nothing: of a name that is not there, some libraries report an error (getpwnam(3), ERRORS). */
static int not_found(const char *kind, const char *name, struct why *why)
{
	if (errno == 0 || errno == ENOENT || errno == ESRCH || errno == EBADF || errno == EPERM)
		return why_fail(ENOENT, why, "there is no %s \"%s\"", kind, name);
	return why_fail(errno, why, "%s \"%s\": %s", kind, name, strerror(errno));
}

int user_find(const char *name, uid_t *uid, gid_t *gid, struct why *why)
{
	const struct passwd *entry;

	errno = 0;
	entry = user_lookup(name);
	if (!entry)
		return not_found("user", name, why);
	*uid = entry->pw_uid;
	*gid = entry->pw_gid;
	return 0;
}

int group_parse(const char *word, gid_t *group, struct why *why)
{
	const struct group *entry;
	uint64_t number;
	int ret = decimal_parse(word, GROUP_NUMBER_MAX, &number);

	if (ret == -ERANGE)
		return why_fail(ERANGE, why, "group \"%s\": the number is too large", word);
	if (ret == 0) {
		*group = (gid_t)number;
		return 0;
	}
	errno = 0;
	entry = group_lookup(word);
	if (!entry)
		return not_found("group", word, why);
	*group = entry->gr_gid;
	return 0;
}

int file_mode_parse(const char *word, mode_t *mode, struct why *why)
{
	unsigned long value = strtoul(word, NULL, 8);

	if (!*word || strspn(word, "01234567") != strlen(word) || value > 0777)
		return why_fail(EINVAL, why, "\"%.64s\" is not a file mode (octal, 0 to 0777)", word);
	*mode = (mode_t)value;
	return 0;
}
