/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A command line, and a configuration file if there is one, as the daemon parses them. */
#pragma once

#include "rows.h"

#include "options/settings.h"

struct parsed {
	struct settings settings;
	struct guest_configs configs;
	char text[4096]; /* what is to be printed */
};

/* Words that are parted by blanks; a word is made long by '@', which stands for 110 letters. */
enum settings_action parse(struct parsed *parsed, const char *words);
void parsed_free(struct parsed *parsed);

extern char file_path[];
/* Words, and a configuration file of this text: at file_path, until it is freed. */
enum settings_action parse_file(struct parsed *parsed, const char *text, const char *words);
void parsed_file_free(struct parsed *parsed);
