/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Files that are read as a whole. */
#include "ctl/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define MIB	   (1024ul * 1024)
#define ROOM_FIRST (64ul * 1024)

/* Up to max bytes, and one more when there are; with a zero behind them. 0 or -errno; *text is to be freed. */
static int bytes_read(FILE *file, size_t max, char **text, size_t *len)
{
	size_t room = 0, more;

	*len = 0;
	do {
		char *grown;

		room = room > 0 ? 2 * room : ROOM_FIRST;
		room = room < max + 1 ? room : max + 1;
		grown = realloc(*text, room + 1);
		if (!grown)
			return -ENOMEM;
		*text = grown;
		more = fread(*text + *len, 1, room - *len, file);
		*len += more;
	} while (more > 0 && *len <= max);
	(*text)[*len] = '\0';
	return ferror(file) ? -errno : 0;
}

char *input_read(const char *path, size_t max, size_t *len)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = NULL;
	int ret = file ? bytes_read(file, max, &text, len) : -errno;

	if (file && file != stdin)
		fclose(file);
	if (ret < 0)
		error_print("%s: %s", path, strerror(-ret));
	else if (*len > max)
		error_print("%s: larger than %lu MiB", path, (unsigned long)(max / MIB));
	else
		return text;
	free(text);
	return NULL;
}
