/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A build without inih: there is no configuration file. */
#include <errno.h>

#include "config/file/config_file.h"

bool config_file_supported(void)
{
	return false;
}

int config_file_read(const char *path, struct guest_configs *configs, struct why *why)
{
	return config_file_parse(path, "", configs, why);
}

int config_file_parse(const char *path, const char *text, struct guest_configs *configs, struct why *why)
{
	return why_fail(EINVAL, why, "%s: configuration files are not supported by this build (made without inih)",
			path);
}

int config_file_daemon(const char *path, const char *text, struct daemon_words *words, struct why *why)
{
	return config_file_parse(path, text, NULL, why);
}
