/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Writes the configuration as a file: in words, nothing is looked up. */
#pragma once

#include <stdio.h>

#include "config/guest_config.h"

/*
 * What config_file_read() makes of the text is the same again, but for each where and aliases (an alias becomes a comment).
 * -EINVAL: a path has bytes that no such file can hold; -EIO: writing failed.
 */
int print_config(const struct guest_configs *configs, FILE *file);
/* What the user wrote of this guest, as text: the caller's; NULL: no memory. Equal texts are equal guests. */
char *print_config_of(const struct guest_config *guest);
