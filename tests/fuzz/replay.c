/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A fuzz target without a fuzzer: runs it over each file that is named, or that lies in a directory that is named, or
 * over standard input. So every seed and finding is a test with any compiler; and AFL++ can drive it.
 */
#include <dirent.h>
#include <string.h>

#include "input.h"

static unsigned n_run;

/* As large as the input: so a sanitizer sees what is read behind it. */
static void run_exactly(uint8_t *data, size_t size)
{
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	n_run++;
}

static void run_stream(FILE *file)
{
	uint8_t *data = NULL;
	size_t size = 0, capacity = 0, n;

	do {
		if (size == capacity) {
			capacity = capacity ? 2 * capacity : 4096;
			data = realloc(data, capacity);
			MUST(data);
		}
		n = fread(data + size, 1, capacity - size, file);
		size += n;
	} while (n > 0);
	data = realloc(data, size ? size : 1);
	MUST(data);
	run_exactly(data, size);
}

static void run_file(const char *path)
{
	FILE *file = fopen(path, "rb");

	MUST(file);
	fprintf(stderr, "%s\n", path);
	run_stream(file);
	fclose(file);
}

static void run_path(const char *path)
{
	struct dirent *entry;
	char name[4096];
	DIR *dir = opendir(path);

	if (!dir) {
		run_file(path);
		return;
	}
	while ((entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			run_file(name);
	}
	closedir(dir);
}

#ifdef __AFL_HAVE_MANUAL_CONTROL
__AFL_FUZZ_INIT();

/* Many inputs in one process, through memory that is shared with afl-fuzz. */
static void run_afl(void)
{
	const uint8_t *shared;

	__AFL_INIT();
	shared = __AFL_FUZZ_TESTCASE_BUF;
	while (__AFL_LOOP(10000)) {
		size_t size = (size_t)__AFL_FUZZ_TESTCASE_LEN;
		uint8_t *data = malloc(size ? size : 1);

		MUST(data);
		memcpy(data, shared, size);
		run_exactly(data, size);
	}
	exit(0);
}
#else
static void run_afl(void)
{
}
#endif

int main(int argc, char **argv)
{
	if (argc == 1)
		run_afl();
	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	if (argc == 1)
		run_stream(stdin);
	fprintf(stderr, "%u inputs\n", n_run);
	return n_run > 0 ? 0 : 1;
}
