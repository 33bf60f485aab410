/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A command line. */
#include "settings_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 12

static void print(struct parsed *parsed)
{
	FILE *file = fmemopen(parsed->text, sizeof(parsed->text), "w");

	assert_non_null(file);
	cli_print(parsed->settings.cli.print, file);
	assert_int_equal(fclose(file), 0);
}

enum settings_action parse(struct parsed *parsed, const char *words)
{
	static char text[64 * 1024];
	static char program[] = "vhost-device-gpio";
	char *argv[WORDS_MAX + 1] = { program };
	enum settings_action result;
	size_t len = 0;
	int argc = 1;

	text[0] = 0;
	for (; *words; words++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, *words == '@' ? "%0110d" : "%c",
					*words == '@' ? 0 : *words);
	for (char *word = strtok(text, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	memset(parsed, 0, sizeof(*parsed));
	result = settings_parse(&parsed->settings, argc, argv);
	if (result == SETTINGS_PRINT) {
		print(parsed);
		return result;
	}
	if (result != SETTINGS_REFUSE &&
	    settings_guests(&parsed->settings, &parsed->configs, &parsed->settings.why) < 0)
		result = SETTINGS_REFUSE;
	snprintf(parsed->text, sizeof(parsed->text), "%s", parsed->settings.why.text);
	return result;
}

void parsed_free(struct parsed *parsed)
{
	settings_deinit(&parsed->settings);
	guest_configs_deinit(&parsed->configs);
}

char file_path[] = "/tmp/vgpio-test-XXXXXX";

enum settings_action parse_file(struct parsed *parsed, const char *text, const char *words)
{
	char all[256];
	FILE *file;
	int fd;

	strcpy(file_path + sizeof(file_path) - 7, "XXXXXX");
	fd = mkstemp(file_path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	snprintf(all, sizeof(all), "--config %s %s", file_path, words);
	return parse(parsed, all);
}

void parsed_file_free(struct parsed *parsed)
{
	unlink(file_path);
	parsed_free(parsed);
}
