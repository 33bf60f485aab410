/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Words of the configuration as they stand in a file: a key and its value, in lines that are short enough for inih. */
#pragma once

#include <stdio.h>

#include "config/guest_config.h"

/* "lines = ..." and "names = ...", when the guest has them. */
void lines_print(const struct guest_config *guest, FILE *file);
void names_print(const struct guest_config *guest, FILE *file);
/* "key = path", in quotes if need be. */
void path_write(const char *key, const char *path, FILE *file);
/* Whether a path fits into such a line, and has no control character. */
bool path_is_text(const char *path);
