/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the program under test says on its stderr, a file in its directory. */
#include "daemon.h"

#include <stdio.h>
#include <string.h>

#include "failure.h"
#include "wait.h"

void daemon_log_path(const struct daemon *daemon, char *path, size_t size)
{
	snprintf(path, size, "%s/stderr", daemon->dir);
}

unsigned daemon_logged(const struct daemon *daemon, const char *needle)
{
	char path[64], line[1024];
	unsigned n = 0;
	FILE *file;

	daemon_log_path(daemon, path, sizeof(path));
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		n += strstr(line, needle) != NULL;
	fclose(file);
	return n;
}

struct search {
	const struct daemon *daemon;
	const char *needle;
	unsigned times;
};

static bool is_logged(void *ctx)
{
	const struct search *search = ctx;

	return daemon_logged(search->daemon, search->needle) >= search->times;
}

void daemon_wait_logged(const struct daemon *daemon, const char *needle, unsigned times)
{
	struct search search = { daemon, needle, times };

	if (wait_for(is_logged, &search, WAIT_MS))
		return;
	daemon_show_log(daemon);
	failure("the program has not said %u times: %s", times, needle);
}

void daemon_show_log(const struct daemon *daemon)
{
	char path[64], line[1024];
	FILE *file;

	daemon_log_path(daemon, path, sizeof(path));
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		fprintf(stderr, "    %s", line);
	fclose(file);
}
