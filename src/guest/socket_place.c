/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A place is a directory, by device and inode, and a name in it; where there is no directory yet, the path as it stands. */
#include "guest/socket_place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

struct place {
	dev_t dev;
	ino_t ino; /* 0: there is no such directory */
	const char *name;
};

void socket_directory(const char *path, char directory[SOCKET_PATH_SIZE])
{
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) : 0;

	/* "/a" is in "/". */
	snprintf(directory, SOCKET_PATH_SIZE, "%.*s", slash == path ? 1 : len, path);
	if (!slash)
		snprintf(directory, SOCKET_PATH_SIZE, ".");
}

static struct place place_of(const char *path)
{
	char directory[SOCKET_PATH_SIZE];
	const char *slash = strrchr(path, '/');
	struct stat st;

	socket_directory(path, directory);
	if (stat(directory, &st) < 0)
		return (struct place){ .name = path };
	return (struct place){ st.st_dev, st.st_ino, slash ? slash + 1 : path };
}

uint32_t socket_place_hash(const char *path)
{
	const struct place place = place_of(path);

	return text_hash(place.name) ^ (uint32_t)place.ino * 2654435761u ^ (uint32_t)place.dev;
}

bool socket_place_same(const char *a, const char *b)
{
	const char *name_a = strrchr(a, '/'), *name_b = strrchr(b, '/');
	struct place place_a, place_b;

	/* Most are told apart by that. */
	if (strcmp(name_a ? name_a + 1 : a, name_b ? name_b + 1 : b) != 0)
		return false;
	place_a = place_of(a);
	place_b = place_of(b);
	return place_a.dev == place_b.dev && place_a.ino == place_b.ino && strcmp(place_a.name, place_b.name) == 0;
}
