/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Files that are read as a whole. */
#pragma once

#include <stddef.h>

/* The whole file, "-" stdin, of so many bytes at most; with a zero behind it. To be freed. NULL: said. */
char *input_read(const char *path, size_t max, size_t *len);
