/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The text of a configuration file: read once, bounded in size and in time. */
#pragma once

#include "base/why.h"

#define CONFIG_TEXT_MAX (1024ul * 1024)

/*
 * *text is the caller's, ends with a zero byte and has no other. -EINVAL with why, which begins with the path; -ENOMEM.
 * A pipe is read to its end, too, which must come within seconds.
 */
int config_text_read(const char *path, char **text, struct why *why);
